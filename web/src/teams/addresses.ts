export function teamAddress(slug: string): string {
  return `/teams/detail?${new URLSearchParams({ slug })}`
}
