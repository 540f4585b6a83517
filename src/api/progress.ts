import type { Context } from 'hono'
import { asAppError } from '../errors.ts'

/** One line each: how far it is, and at the end what came of it or what went wrong. */
export type ProgressLine<T> =
  | { readonly progress: { readonly done: number; readonly total: number | null; readonly what: string } }
  | { readonly result: T }
  | { readonly problem: { readonly code: string; readonly detail: string; readonly help: string | null } }

export type Tick = (done: number, total: number | null, what: string) => void
const EVERY_MS = 100

/**
 * Work that takes a while. Who accepts `application/x-ndjson` is told how far it is, line by line; everyone else gets the result alone when it is
 * there. The work ends with its caller.
 */
export async function withProgress<T extends object>(
  context: Context,
  work: (tick: Tick, signal: AbortSignal) => Promise<T>,
): Promise<Response | T> {
  if (!(context.req.header('accept') ?? '').includes('application/x-ndjson')) return work(() => {}, context.req.raw.signal)
  const gone = new AbortController()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async start(stream) {
      let last = 0
      const say = (line: ProgressLine<T>) => {
        if (!gone.signal.aborted) stream.enqueue(encoder.encode(`${JSON.stringify(line)}\n`))
      }
      const tick: Tick = (done, total, what) => {
        const now = performance.now()
        if (now - last < EVERY_MS) return
        last = now
        say({ progress: { done, total, what } })
      }
      try {
        say({ result: await work(tick, AbortSignal.any([gone.signal, context.req.raw.signal])) })
      } catch (thrown) {
        const { code, message, help } = asAppError(thrown)
        say({ problem: { code, detail: message, help } })
      }
      if (!gone.signal.aborted) stream.close()
    },
    cancel() {
      gone.abort()
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' } })
}
