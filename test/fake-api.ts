import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../src/ingest/http.ts'

/**
 * The HTTP API of a tool out of recorded exchanges (`connectors/<id>.fixture/api.ndjson`), on a real port. A query value or a body value that is
 * recorded as `*` fits anything, a query value so recorded may also be absent; `{base}` in an answer is this server's address. What was not
 * recorded is answered with 501 and remembered in `unknown`.
 */
export interface FakeApi {
  readonly base: string
  readonly asked: string[]
  readonly unknown: string[]
  /** Takes so long for each answer from here on. */
  delay(ms: number): void
  /** Another seed of faults from here on; null for none. */
  disturb(seed: number | null): void
  close(): Promise<void>
}

type Fault = 'reset' | 'cut' | 'truncated' | 'empty' | 'html' | '500' | '503' | '429' | 'secondary' | 'slow'
const FAULTS: readonly Fault[] = ['reset', 'cut', 'truncated', 'empty', 'html', '500', '503', '429', 'secondary', 'slow']
/** How often the same request may fail in a row: fewer times than a client tries. */
const IN_A_ROW = 4

export async function startFakeApi(exchanges: readonly Exchange[]): Promise<FakeApi> {
  const recorded = exchanges.map((exchange) => ({ exchange, url: new URL(exchange.request.url, 'http://fake') }))
  const asked: string[] = []
  const unknown: string[] = []
  let random: (() => number) | null = null
  let failed = new Map<string, number>()
  let delayMs = 0
  const server = createServer((request, response) => {
    void answer(request, response).catch((thrown: unknown) => {
      response.statusCode = 500
      response.end(String(thrown))
    })
  })

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await bodyOf(request)
    const key = `${request.method} ${request.url} ${text}`
    asked.push(`${request.method} ${request.url}`)
    const found = find(recorded, request.method ?? 'GET', request.url ?? '/', text === '' ? undefined : (JSON.parse(text) as unknown))
    if (found === null) {
      unknown.push(key.slice(0, 600))
      response.statusCode = 501
      response.end(JSON.stringify({ message: `not recorded: ${key.slice(0, 600)}` }))
      return
    }
    const replaced = (one: string) => one.replaceAll('{base}', base)
    const { status, headers, body } = found.response
    const sent = Buffer.from(body === undefined ? '' : replaced(JSON.stringify(body)))
    const fault =
      random !== null && (failed.get(key) ?? 0) < IN_A_ROW && random() < 0.25
        ? (FAULTS[Math.floor(random() * FAULTS.length)] as Fault)
        : null
    failed.set(key, fault === null || fault === 'slow' ? 0 : (failed.get(key) ?? 0) + 1)
    const reply = (code: number, extra: Record<string, string>, content: Buffer | string) => {
      response.writeHead(code, { 'content-type': 'application/json', ...extra })
      response.end(content)
    }
    const plain = () =>
      reply(
        status,
        {
          ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, replaced(value)])),
          'content-length': String(sent.byteLength),
        },
        sent,
      )
    switch (fault) {
      case null:
        if (delayMs === 0) return plain()
        setTimeout(plain, delayMs)
        return
      case 'slow':
        setTimeout(plain, 5)
        return
      case 'reset':
        request.socket.destroy()
        return
      case 'cut':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(sent.byteLength + 10) })
        response.write(sent.subarray(0, sent.byteLength >> 1))
        setImmediate(() => request.socket.destroy())
        return
      case 'truncated':
        return reply(status, {}, sent.byteLength > 2 ? sent.subarray(0, sent.byteLength >> 1) : '{')
      case 'empty':
        return reply(200, {}, '')
      case 'html':
        return reply(502, { 'content-type': 'text/html' }, '<html><body>Bad gateway</body></html>')
      case '500':
        return reply(500, {}, '{"message":"oops"}')
      case '503':
        return reply(503, { 'retry-after': '1' }, '{}')
      case '429':
        return reply(429, { 'retry-after': '1' }, '{"message":"slow down"}')
      case 'secondary':
        return reply(403, {}, '{"message":"You have exceeded a secondary rate limit."}')
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    base,
    asked,
    unknown,
    delay(ms) {
      delayMs = ms
    },
    disturb(seed) {
      random = seed === null ? null : generator(seed)
      failed = new Map()
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks).toString()))
    request.on('error', reject)
  })
}

/** The recorded exchange that fits with the fewest wildcards. */
function find(recorded: readonly { exchange: Exchange; url: URL }[], method: string, url: string, body: unknown): Exchange | null {
  const wanted = new URL(url, 'http://fake')
  let best: { exchange: Exchange; wild: number } | null = null
  for (const { exchange, url: known } of recorded) {
    if (exchange.request.method !== method || known.pathname !== wanted.pathname) continue
    const wild = queryFits(known.searchParams, wanted.searchParams)
    if (wild === null) continue
    const more = exchange.request.body === undefined ? 0 : valueFits(exchange.request.body, body)
    if (more === null) continue
    if (best === null || wild + more < best.wild) best = { exchange, wild: wild + more }
  }
  return best?.exchange ?? null
}

function queryFits(recorded: URLSearchParams, wanted: URLSearchParams): number | null {
  let wild = 0
  for (const name of new Set([...recorded.keys(), ...wanted.keys()])) {
    const pattern = recorded.getAll(name)
    if (pattern.length === 1 && pattern[0] === '*') wild++
    else if (pattern.join('\n') !== wanted.getAll(name).join('\n')) return null
  }
  return wild
}

/** What is recorded must be there; what is there beside it may be. Null when it does not fit, else the number of wildcards. */
function valueFits(recorded: unknown, wanted: unknown): number | null {
  if (recorded === '*') return 1
  if (typeof recorded !== 'object' || recorded === null) return recorded === wanted ? 0 : null
  if (typeof wanted !== 'object' || wanted === null) return null
  let wild = 0
  for (const [name, value] of Object.entries(recorded)) {
    const one = valueFits(value, (wanted as Record<string, unknown>)[name])
    if (one === null) return null
    wild += one
  }
  return wild
}
