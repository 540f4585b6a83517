/** The headers of a delivery that are kept beside its body, each cut to a length that does no harm; never one that holds a secret. */
export function keptHeaders(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, (headers.get(name) as string).slice(0, 300)]] : [])))
}
