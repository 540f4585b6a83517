import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Sessions } from './cluster/sessions.ts'

/**
 * ClickHouse's HTTP protocol (query in the URL or the body, `param_*`, settings as URL parameters, one statement a request, exceptions with
 * their code) over the embedded engine, for tests.
 */
interface Door {
  readonly sessions: Sessions
  /** What is run here for a statement, and whatever else has to happen before. */
  spread?(
    sql: string,
    request: { url: string | undefined; headers: IncomingMessage['headers']; body: Uint8Array<ArrayBuffer> },
  ): Promise<string>
  /** What a test may ask for at `/asked`. */
  asked?(): unknown
}

const RESERVED = new Set([
  'query',
  'database',
  'query_id',
  'session_id',
  'wait_end_of_query',
  'default_format',
  'application',
  'enable_http_compression',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
])
const USER = { name: 'fairlead', password: 'right' }

export function createHttpDoor(door: Door): Server {
  return createServer({ maxHeaderSize: 4 * 1024 * 1024 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      answer(door, request, Buffer.concat(chunks)).then(
        (body) => response.writeHead(200, { 'content-type': 'text/plain', 'x-clickhouse-summary': '{}' }).end(body),
        (thrown: unknown) => {
          const text = thrown instanceof Error ? thrown.message : String(thrown)
          const code = /Code: (\d+)/.exec(text)?.[1] ?? '1000'
          response.writeHead(code === '516' ? 403 : 500, { 'x-clickhouse-exception-code': code, 'content-type': 'text/plain' }).end(text)
        },
      )
    })
  })
}

async function answer(door: Door, { url: path, headers }: IncomingMessage, bytes: Buffer<ArrayBuffer>): Promise<Uint8Array | string> {
  const url = new URL(path ?? '/', 'http://localhost')
  if (url.pathname === '/ping') return 'Ok.\n'
  if (url.pathname === '/asked') return JSON.stringify(door.asked?.() ?? [])
  const expected = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`
  if (headers.authorization !== expected)
    throw new Error(
      `Code: 516. DB::Exception: ${USER.name}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
    )
  const body = bytes.toString('utf8')
  const inUrl = url.searchParams.get('query')
  const said = inUrl === null ? body : `${inUrl}\n${body}`
  if (/;\s*\S/.test(inUrl ?? withoutStrings(body)))
    throw new Error('Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)')
  const sql = (await door.spread?.(said, { url: path, headers, body: bytes })) ?? said
  // A request is a session of its own, as on a server: its settings are its own.
  const settings = [...url.searchParams].filter(([name]) => !RESERVED.has(name) && !name.startsWith('param_'))
  const params = [...url.searchParams]
    .filter(([name]) => name.startsWith('param_'))
    .map(([name, value]) => [name.slice('param_'.length), valueOf(value)])
  return door.sessions.use(url.searchParams.get('database') ?? 'default', settings, async (session) => {
    const result = params.length === 0 ? await session.queryAsync(sql) : await session.queryBindAsync(sql, Object.fromEntries(params))
    return result.bytes()
  })
}

/** A parameter as it stands in the URL (escaped as in TabSeparated, lists quoted) as the value that the engine's own binder takes. */
function valueOf(text: string): string | null | string[] {
  if (text === '\\N') return null
  if (!/^\['.*'\]$|^\[\]$/s.test(text)) return unescaped(text)
  return [...text.slice(1, -1).matchAll(/'((?:[^'\\]|\\.)*)'/gs)].map((match) => unescaped(match[1] as string))
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, one: string) => ({ n: '\n', t: '\t', r: '\r' })[one] ?? one)
}

function withoutStrings(sql: string): string {
  return sql.startsWith('INSERT') ? '' : sql.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''").replaceAll(/\/\*.*?\*\/|--.*$/gms, '')
}
