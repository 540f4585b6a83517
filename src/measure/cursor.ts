import { AppError } from '../errors.ts'

/** Where a page of rows, newest first, ended: the time and the id of its last row. It holds however many rows are added before it. */
export interface Cursor {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly id: string
}

export function writeCursor({ at, id }: Cursor): string {
  return `${at}~${id}`
}

export function readCursor(text: string): Cursor {
  const split = text.indexOf('~')
  const at = Number(text.slice(0, split))
  if (split < 1 || !Number.isSafeInteger(at)) {
    throw new AppError('invalid-input', '`after` is not a cursor of this list.', { help: 'Take it from `next` of the page before.' })
  }
  return { at, id: text.slice(split + 1) }
}
