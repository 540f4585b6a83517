import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Config } from '../config.ts'
import { AppError, systemCode } from '../errors.ts'
import { connect, type Client } from './client.ts'
import { longInput } from './input.ts'
import { note, print, printJson, progress } from './output.ts'

/** One request's worth: far below the limit, and small enough that a broken connection repeats little. */
const CHUNK_BYTES = 4 * 1024 * 1024

interface Total {
  accepted: number
  rejected: { line: number; reasons: readonly string[] }[]
}

/** Sends NDJSON in requests of some megabytes, at line breaks. A line that says when it happened may be sent again without harm. */
export async function run(config: Config, file: string, options: { partial?: boolean; json?: boolean }): Promise<number> {
  const input = file === '-' ? await longInput() : await openFile(file)
  const client = await connect(config)
  const drawn = progress('ingest')
  const total: Total = { accepted: 0, rejected: [] }
  try {
    let lines = 0
    for await (const chunk of byLines(input)) {
      await send(client, chunk, lines, options.partial === true, total)
      lines += chunk.lines
      drawn.tick(total.accepted, null, 'events')
    }
  } finally {
    drawn.end()
    await client.close()
  }
  if (options.json) printJson({ accepted: total.accepted, rejected: total.rejected })
  else {
    print(`${total.accepted.toLocaleString('en')} events are on disk.`)
    for (const one of total.rejected.slice(0, 20)) note(`  line ${one.line}: ${one.reasons.join('; ')}`)
    if (total.rejected.length > 0) note(`${total.rejected.length} lines were refused.`)
  }
  return total.rejected.length > 0 ? 1 : 0
}

async function send(client: Client, { text: body, lines, numbers }: Piece, before: number, partial: boolean, total: Total): Promise<void> {
  if (numbers.length === 0) return
  try {
    const reply = await client.json<{ accepted: number; rejected?: { index: number; reasons: string[] }[] }>(
      `/v1/events${partial ? '?partial=true' : ''}`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      },
    )
    total.accepted += reply.accepted
    for (const one of reply.rejected ?? []) total.rejected.push({ line: before + (numbers[one.index] ?? 0), reasons: one.reasons })
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const place =
      total.accepted === 0 ? '' : ` ${total.accepted.toLocaleString('en')} events before line ${before + 1} are on disk already.`
    throw new AppError(thrown.code, `Lines ${before + 1} to ${before + lines}: ${thrown.message}${place}`, {
      help: thrown.help ?? 'Mend the lines and send the file again; what is there already is recognised.',
      detail: lined(thrown.detail, before, numbers),
      cause: thrown,
    })
  }
}

/** The server counts events; people count lines, from 1, blank ones too. */
function lined(detail: unknown, before: number, numbers: readonly number[]): unknown {
  const { errors, count } = (detail ?? {}) as { errors?: { index: number; reasons: string[] }[]; count?: number }
  return errors === undefined
    ? null
    : { count, errors: errors.map((one) => ({ path: `line ${before + (numbers[one.index] ?? 0)}`, reasons: one.reasons })) }
}

async function openFile(file: string): Promise<Readable> {
  try {
    return (await open(file)).createReadStream()
  } catch (cause) {
    const code = systemCode(cause)
    throw new AppError('usage', code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${code}).`, {
      help: 'Give a file of NDJSON, or - for standard input.',
      cause,
    })
  }
}

async function* byLines(input: Readable): AsyncGenerator<Piece> {
  let kept: Buffer[] = []
  let size = 0
  for await (const data of input as AsyncIterable<Buffer>) {
    const chunk = Buffer.from(data)
    const end = size + chunk.length >= CHUNK_BYTES ? chunk.lastIndexOf(0x0a) : -1
    if (end < 0) {
      kept.push(chunk)
      size += chunk.length
      continue
    }
    yield piece(Buffer.concat([...kept, chunk.subarray(0, end + 1)]))
    kept = [chunk.subarray(end + 1)]
    size = chunk.length - end - 1
  }
  const rest = Buffer.concat(kept)
  if (rest.length > 0) yield piece(rest)
}

interface Piece {
  readonly text: string
  readonly lines: number
  /** For each event the number of its line in this piece, from 1. */
  readonly numbers: readonly number[]
}

function piece(bytes: Buffer): Piece {
  const text = bytes.toString('utf8')
  const all = text.split('\n')
  return {
    text,
    lines: text.endsWith('\n') ? all.length - 1 : all.length,
    numbers: all.flatMap((line, index) => (line.trim() === '' ? [] : [index + 1])),
  }
}
