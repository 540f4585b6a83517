/** Names of sources may hold anything, so they stand in the query. */
export function sourceAddress(name: string): string {
  return `/sources/detail?${new URLSearchParams({ name })}`
}

export function settingsAddress(name: string): string {
  return `/sources/settings?${new URLSearchParams({ name })}`
}

export function connectAddress(connector: string): string {
  return `/sources/connect?${new URLSearchParams({ connector })}`
}
