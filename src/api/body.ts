import { AppError } from '../errors.ts'
import { MAX_BODY_BYTES, tooLarge } from '../ingest/door.ts'

/**
 * Reads the body and stops at the limit. With a stated length the parser of HTTP holds the sender to it, and the body is taken whole: a
 * stream in between costs 0.1 ms a request. Without one (chunked) it is read piece by piece.
 */
export async function bodyOf(request: Request): Promise<Uint8Array> {
  const stated = request.headers.get('content-length')
  if (stated !== null) {
    if (Number(stated) > MAX_BODY_BYTES) throw tooLarge()
    return new Uint8Array(await request.arrayBuffer())
  }
  if (request.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
}

/** The same of deliveries, which are proved and kept as they came. */
export async function plainBodyOf(request: Request): Promise<Uint8Array> {
  if (request.headers.has('content-encoding'))
    throw new AppError('unsupported-media', 'A compressed body is not taken.', { help: 'Send it as it is.' })
  return bodyOf(request)
}
