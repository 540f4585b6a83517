/** Indented when it is JSON, null when it is not. Numbers beyond 2^53 would change by parsing, so such a payload is left as it is. */
export function prettyJson(text: string): string | null {
  if (/\d{16,}/.test(text)) return null
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return null
  }
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g
/** More than this is shown plainly: a span per token would make the page slow. */
const COLOURED_CHARACTERS = 60_000

export function JsonText({ text }: { text: string }) {
  if (text.length > COLOURED_CHARACTERS) return text
  const parts = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > end) parts.push(text.slice(end, match.index))
    const [whole, string, colon] = match
    const kind = colon !== undefined ? 'key' : string !== undefined ? 'string' : 'literal'
    parts.push(
      <span key={match.index} className={`json-${kind}`}>
        {string ?? whole}
      </span>,
    )
    if (colon !== undefined) parts.push(colon)
    end = match.index + whole.length
  }
  parts.push(text.slice(end))
  return parts
}
