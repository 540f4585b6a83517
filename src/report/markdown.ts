/** A Markdown table; nothing when there are no rows. A `|` in a cell would begin a new one. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** Parts of a page with an empty line between them, without the empty ones. */
export function page(...parts: readonly string[]): string {
  return parts.filter((one) => one !== '').join('\n\n')
}

export function code(text: string): string {
  return `\`${text}\``
}
