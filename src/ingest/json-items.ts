import { AppError } from '../errors.ts'

/** The deepest nesting that is read. Beyond it a small body can hold the parser for seconds. */
export const MAX_DEPTH = 64

/**
 * Cuts a body into its items without parsing them: the elements of one array, or values one after another (a single object, NDJSON). Each
 * item keeps its own bytes. Refuses what is no JSON text at the top, and what nests deeper than MAX_DEPTH, before any parser sees it.
 */
export function splitItems(body: Uint8Array): Uint8Array[] {
  const at = skipSpace(body, 0)
  if (at === body.length)
    throw new AppError('malformed-body', 'The body is empty.', {
      help: 'Send one event, an array of events, or one event a line (NDJSON).',
    })
  return body[at] === OPEN_ARRAY ? splitArray(body, at) : splitLines(body)
}

const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const NEWLINE = 0x0a

function splitArray(body: Uint8Array, start: number): Uint8Array[] {
  const items: Uint8Array[] = []
  let at = skipSpace(body, start + 1)
  if (body[at] === CLOSE_ARRAY) at++
  else {
    for (;;) {
      const end = endOfValue(body, at)
      items.push(body.subarray(at, end))
      at = skipSpace(body, end)
      if (body[at] === COMMA) at = skipSpace(body, at + 1)
      else if (body[at] === CLOSE_ARRAY) {
        at++
        break
      } else throw broken(at)
    }
  }
  if (skipSpace(body, at) !== body.length) throw broken(at)
  return items
}

/** A pretty-printed object spans lines, so values are followed, not lines; a line that is no value at all becomes an item that the validation refuses by index. */
function splitLines(body: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = []
  let at = skipSpace(body, 0)
  while (at < body.length) {
    const end = body[at] === OPEN_OBJECT || body[at] === OPEN_ARRAY ? endOfValue(body, at) : endOfLine(body, at)
    const rest = endOfLine(body, end)
    // Something behind the value on its own line belongs to the item, and makes it invalid: nothing is dropped silently.
    const stop = skipSpace(body.subarray(0, rest), end) === rest ? end : rest
    items.push(body.subarray(at, stop))
    at = skipSpace(body, Math.max(stop, rest))
  }
  return items
}

/** The index behind the value that begins at `start`: brackets are balanced, strings are skipped. */
function endOfValue(body: Uint8Array, start: number): number {
  let depth = 0
  let at = start
  while (at < body.length) {
    const byte = body[at]
    if (byte === QUOTE) {
      at = endOfString(body, at)
      if (depth === 0) return at
      continue
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++
      if (depth > MAX_DEPTH) {
        throw new AppError('malformed-body', `The body nests deeper than ${MAX_DEPTH} levels.`, { help: 'Flatten `attributes`.' })
      }
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 0) return at
      depth--
      if (depth === 0) return at + 1
    } else if (depth === 0 && (byte === COMMA || byte === NEWLINE)) return at
    at++
  }
  if (depth > 0) throw broken(at)
  return at
}

function endOfString(body: Uint8Array, start: number): number {
  let at = start + 1
  while (at < body.length) {
    if (body[at] === BACKSLASH) at += 2
    else if (body[at] === QUOTE) return at + 1
    else at++
  }
  throw broken(at)
}

function endOfLine(body: Uint8Array, start: number): number {
  const end = body.indexOf(NEWLINE, start)
  return end < 0 ? body.length : end
}

function skipSpace(body: Uint8Array, start: number): number {
  let at = start
  while (at < body.length && (body[at] === 0x20 || body[at] === NEWLINE || body[at] === 0x0d || body[at] === 0x09)) at++
  return at
}

function broken(at: number): AppError {
  return new AppError('malformed-body', `The body is no valid JSON: it breaks off or goes wrong at byte ${at}.`, {
    help: 'Send one event, an array of events, or one event a line (NDJSON), in UTF-8.',
  })
}
