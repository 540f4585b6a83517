import { createServer } from 'node:http'
import { Session } from 'chdb'

/**
 * A small ClickHouse server for tests, in a process of its own: it speaks ClickHouse's HTTP protocol (query in the URL or the body,
 * `param_*`, settings as URL parameters, one statement a request, exceptions with their code) over the embedded engine.
 * Run as: clickhouse-server <directory> <port>; prints `ready <port>`.
 */
const [directory = '', port = '0'] = process.argv.slice(2)
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

const server = createServer({ maxHeaderSize: 4 * 1024 * 1024 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    answer(new URL(request.url ?? '/', 'http://localhost'), request.headers, Buffer.concat(chunks).toString('utf8')).then(
      (body) => response.writeHead(200, { 'content-type': 'text/plain', 'x-clickhouse-summary': '{}' }).end(body),
      (thrown: unknown) => {
        const text = thrown instanceof Error ? thrown.message : String(thrown)
        const code = /Code: (\d+)/.exec(text)?.[1] ?? '1000'
        response.writeHead(code === '516' ? 403 : 500, { 'x-clickhouse-exception-code': code, 'content-type': 'text/plain' }).end(text)
      },
    )
  })
})

async function answer(url: URL, headers: Readonly<Record<string, unknown>>, body: string): Promise<Uint8Array | string> {
  if (url.pathname === '/ping') return 'Ok.\n'
  const expected = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`
  if (headers['authorization'] !== expected)
    throw new Error(
      `Code: 516. DB::Exception: ${USER.name}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
    )
  const inUrl = url.searchParams.get('query')
  const sql = inUrl === null ? body : `${inUrl}\n${body}`
  if (/;\s*\S/.test(inUrl ?? withoutStrings(body)))
    throw new Error('Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)')
  // A request is a session of its own, as on a server: its settings end with it.
  const session = new Session(directory)
  const settings = [...url.searchParams].filter(([name]) => !RESERVED.has(name) && !name.startsWith('param_'))
  settings.sort(([a], [b]) => Number(a === 'readonly') - Number(b === 'readonly'))
  await session.queryAsync(`USE \`${url.searchParams.get('database') ?? 'default'}\``)
  for (const [name, value] of settings) await session.queryAsync(`SET ${name} = '${value.replaceAll("'", "''")}'`)
  const params = [...url.searchParams]
    .filter(([name]) => name.startsWith('param_'))
    .map(([name, value]) => [name.slice('param_'.length), valueOf(value)])
  const result = params.length === 0 ? await session.queryAsync(sql) : await session.queryBindAsync(sql, Object.fromEntries(params))
  return result.bytes()
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

await new Session(directory).queryAsync('CREATE DATABASE IF NOT EXISTS fairlead ENGINE = Atomic')
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`ready ${typeof address === 'object' && address !== null ? address.port : port}\n`)
})
