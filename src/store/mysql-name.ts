/** A name as a statement may hold it. Apart from the driver, which most commands need not load. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
