import { closeSync, createReadStream, fstatSync, openSync } from 'node:fs'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { PassThrough, type Readable } from 'node:stream'
import { isatty } from 'node:tty'

/** More than any input: what cannot be hidden is taken out as it comes. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER

/** `source` is what waits for more; while nobody wants that, it keeps no process alive. */
let hidden: { readonly stream: Readable; readonly source: Readable; readonly isCopy: boolean } | null = null

/**
 * Hides standard input from the embedded engine, before that is opened. chDB takes whatever stands on descriptor 0 for more rows of the insert that
 * runs just then (26.7: "data for INSERT was parsed from stdin"): a password that was piped in broke an insert, and lines of `ingest -` could be
 * taken away. A pipe or a file is opened a second time, and descriptor 0 becomes the null device. A socket, which is what Node gives its children,
 * cannot be opened again: it is emptied as things come.
 */
export function hideInput(): void {
  if (hidden !== null || isatty(0)) return
  const kind = fstatSync(0)
  if (kind.isFIFO() || kind.isFile()) {
    const fd = openSync('/dev/fd/0', 'r')
    closeSync(0)
    openSync('/dev/null', 'r')
    const stream = kind.isFile() ? createReadStream('', { fd }) : new Socket({ fd, writable: false })
    hidden = { stream, source: stream, isCopy: true }
  } else if (kind.isSocket()) {
    const stream = new PassThrough({ readableHighWaterMark: UNBOUNDED, writableHighWaterMark: UNBOUNDED })
    hidden = { stream: process.stdin.pipe(stream), source: process.stdin, isCopy: false }
  }
  letGoOfInput()
}

/** Standard input, for who reads it as it comes: an answer, line by line. */
export function standardInput(): Readable {
  if (hidden?.source instanceof Socket) hidden.source.ref()
  return hidden?.stream ?? process.stdin
}

/** Whoever is at the other end may hold it for ever. */
export function letGoOfInput(): void {
  if (hidden?.source instanceof Socket) hidden.source.unref()
}

/** Standard input, for who reads it to its end while rows are inserted. */
export async function longInput(): Promise<Readable> {
  const stream = standardInput()
  if (hidden?.isCopy === false && !hidden.source.readableEnded) await once(hidden.source, 'end')
  return stream
}
