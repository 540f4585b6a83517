import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Session } from 'chdb'
import { createHttpDoor } from '../clickhouse-door.ts'
import { answerNative, type Answers, type Question } from './native-protocol.ts'
import { openSessions } from './sessions.ts'

/**
 * A node of a ClickHouse cluster, for tests: the embedded engine behind ClickHouse's HTTP and native protocols. What needs Keeper is done here
 * instead: a statement `ON CLUSTER` is passed on to every node, a replicated table is a table without the prefix, and what is inserted into one
 * that is on every node goes to every node. Sharding, and all that is computed, is the engine's own.
 * Run as: node <directory>; prints `ports HTTP NATIVE`, reads a line `{config, peers}`, prints `ready`.
 */
const [directory = ''] = process.argv.slice(2)
const scratch = `${directory}-blocks`
mkdirSync(scratch, { recursive: true })
let connectionArgs: string[] = []
let peers: string[] = []
let count = 0
const sessions = openSessions(directory, () => connectionArgs)
const withSession = <T>({ settings }: Pick<Question, 'settings'>, work: (session: Session) => Promise<T>): Promise<T> =>
  sessions.use(
    'fairlead',
    [...settings].filter(([name]) => name !== 'readonly'),
    work,
  )

/** What the native door was asked, for tests that want to know which node had to work. */
const asked: { sql: string; stage: number }[] = []

const [STATE, WHOLE, IN_ORDER] = [1, 2, new Set([3, 4])]

/**
 * The engine embedded computes whole answers only. One that the other node merges in its order is whole, under the names that stand for its
 * columns on the way. Of the states of aggregates, which the other node goes on with, one is said in SQL here: a maximum over everything.
 */
function asWhole({ sql, stage }: Question): string {
  if (stage === WHOLE) return sql
  const [, list = '', rest = ''] = /^SELECT (.*?) (FROM `fairlead`.*)$/s.exec(sql) ?? []
  if (IN_ORDER.has(stage) && !/\boffset\b/i.test(sql)) return `SELECT ${list.replaceAll(/([^,].*?) AS `\w+`(, |$)/g, onTheWay)} ${rest}`
  const [, column] = (stage === STATE && /^max\(([^()]+)\) AS `\w+`$/.exec(list)) || []
  if (column !== undefined) return `SELECT maxState(${column}) AS \`max(${column.replaceAll('`', '')})\` ${rest}`
  throw new Error(`Code: 48. DB::Exception: A node for tests answers whole questions, and stage ${stage} was asked of: ${sql}`)
}

function onTheWay(_all: string, said: string, end: string): string {
  return `${said} AS \`${said.replaceAll('`', '')}\`${end}`
}

const answers: Answers = {
  async select(question) {
    asked.push({ sql: question.sql, stage: question.stage })
    let sql = asWhole(question)
    for (const [name, block] of question.scalars) {
      if (!sql.includes(name)) continue
      const file = join(scratch, `${++count}.native`)
      writeFileSync(file, block)
      sql = sql.replaceAll(`__getScalar('${name}')`, `(SELECT * FROM file('${file}', 'Native'))`)
    }
    // By way of memory, as the rows must come as one block.
    const table = `answer_${++count}`
    return withSession(question, async (session) => {
      await session.queryAsync(`CREATE TEMPORARY TABLE ${table} ENGINE = Memory AS ${sql}`)
      const rows = (await session.queryAsync(`SELECT * FROM ${table} SETTINGS max_threads = 1`, { format: 'Native' })).bytes()
      await session.queryAsync(`DROP TEMPORARY TABLE ${table}`)
      return rows
    })
  },
  async sample(question) {
    const [, table = '', columns = '*'] = /^\s*insert into (\S+)\s*(?:\(([^)]*)\))?/i.exec(question.sql) ?? []
    const described = await withSession(question, (session) =>
      session.queryAsync(`DESCRIBE (SELECT ${columns} FROM ${table})`, { format: 'JSONCompactEachRow' }),
    )
    const lines = Buffer.from(described.bytes()).toString('utf8').trim().split('\n')
    const names = lines.map((line) => (JSON.parse(line) as string[]).slice(0, 2))
    return Buffer.concat([
      length(names.length),
      length(0),
      ...names.flat().flatMap((one) => [length(Buffer.byteLength(one)), Buffer.from(one)]),
    ])
  },
  async run(question) {
    await withSession(question, (session) => session.queryAsync(question.sql))
  },
  async insert(question, blocks) {
    const into = question.sql.replace(/\s+(format|values)\b.*$/is, '')
    for (const block of blocks) {
      const file = join(scratch, `${++count}.native`)
      writeFileSync(file, block)
      await withSession(question, (session) => session.queryAsync(`${into} FROM INFILE '${file}' FORMAT Native`))
      rmSync(file)
    }
  },
}

function length(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value % 128) + 128, Math.floor(value / 128)])
}

const http = createHttpDoor({
  sessions,
  async spread(sql, request) {
    const isPassedOn = request.headers['x-passed-on'] === '1'
    const own = sql.replace(/ ON CLUSTER `\w+`/, '').replace(/ENGINE = Replicated(\w+)\('[^']*', '[^']*'(?:, )?/, 'ENGINE = $1(')
    const isForAll = own !== sql || /^\s*insert into (?!all_)/i.test(sql)
    if (!isForAll || isPassedOn) return own
    for (const peer of peers) {
      const answer = await fetch(new URL(request.url ?? '/', peer), {
        method: 'POST',
        headers: { authorization: request.headers.authorization ?? '', 'x-passed-on': '1' },
        body: request.body,
      })
      if (!answer.ok) throw new Error(await answer.text())
    }
    return own
  },
  asked: () => asked.splice(0),
})
const native = createServer(
  (socket) =>
    void answerNative(socket, answers).catch((thrown: unknown) => {
      process.stderr.write(`${String(thrown)}\n`)
      socket.destroy()
    }),
)
const portOf = (server: { address(): unknown }): number => (server.address() as { port: number }).port
await Promise.all([http, native].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))))
process.stdout.write(`ports ${portOf(http)} ${portOf(native)}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line) as { config: string; peers: string[] }
  connectionArgs = [`--config-file=${told.config}`]
  peers = told.peers
  await new Session(directory, { connectionArgs }).queryAsync('CREATE DATABASE IF NOT EXISTS fairlead ENGINE = Atomic')
  process.stdout.write('ready\n')
}
// Whoever started this has ended.
process.exit()
