import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { generator } from '../fake-api.ts'
import { isBoundary, isDdl, mayConflict, refusalOf, statementsOf, YUGABYTE_VERSION } from './yugabyte-rules.ts'

/**
 * Stands between a client and a real PostgreSQL and makes of it what YugabyteDB would be to that client: it refuses what that refuses, and
 * gives up (40001) on a share of the statements, before they reach the server. What fails in place of a statement is a statement that raises
 * that error, so that the server itself is in the state that follows: aborted until the rollback, or outside a transaction as before.
 *
 * A message is whole before it is judged, and those of the extended protocol wait for their Sync. When one of them fails none of them is
 * passed on: the transaction that they are in, begun or implied, would have undone them.
 */
export interface Yugabyte {
  readonly uri: (database: string) => string
  /** How many statements were passed on, given up on, and refused. */
  readonly counts: { passed: number; givenUp: number; refused: string[] }
  close(): Promise<void>
}

export interface YugabyteOptions {
  /** Address of the PostgreSQL behind it. */
  uri: string
  seed: number
  /** Of the statements that may conflict, between 0 and 1. */
  share: number
}

export async function startYugabyte(options: YugabyteOptions): Promise<Yugabyte> {
  const behind = new URL(options.uri)
  const random = generator(options.seed)
  const counts: Yugabyte['counts'] = { passed: 0, givenUp: 0, refused: [] }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(behind.port || 5432), behind.hostname)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => {})
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    serve(client, upstream, { counts, givesUp: () => random() < options.share })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    uri: (database) => {
      const own = new URL(options.uri)
      own.hostname = '127.0.0.1'
      own.port = String(port)
      own.pathname = `/${database}`
      return own.href
    },
    counts,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

interface Message {
  readonly type: string
  readonly body: Buffer
  readonly whole: Buffer
}

const SSL = 80877103
const GSS = 80877104

/** One connection: a request is answered to its ReadyForQuery before the next is passed on, so that the state of the transaction is known. */
function serve(client: Socket, upstream: Socket, rules: { counts: Yugabyte['counts']; givesUp: () => boolean }): void {
  const { counts } = rules
  let status = 'I'
  let ddl = 0
  let busy = true
  /** The answer is of a statement that stands in for another: only its error and its end are passed on. */
  let standsIn = false
  let isStarted = false
  let batch: Message[] = []
  const waiting: Message[][] = []
  const prepared = new Map<string, string>()

  const next = (): void => {
    const request = busy ? undefined : waiting.shift()
    if (request === undefined) return
    busy = true
    const failure = judge(textOf(request, prepared))
    standsIn = failure !== null
    upstream.write(failure ?? Buffer.concat(request.map(asYugabyte)))
  }

  const judge = (text: string): Buffer | null => {
    // In an aborted transaction the server refuses everything itself, and COMMIT is a rollback.
    if (status === 'E') return null
    let counted = ddl
    let inside = status === 'T'
    const statements = statementsOf(text)
    for (const statement of statements) {
      const reason = refusalOf(statement, counted, inside || statements.length > 1)
      if (reason !== null) {
        counts.refused.push(reason)
        return raising('0A000', reason)
      }
      if (isBoundary(statement)) [counted, inside] = [0, /^(begin|start)/.test(statement)]
      else if (isDdl(statement)) counted++
      if (mayConflict(statement) && rules.givesUp()) {
        counts.givenUp++
        const ends = /^(commit|end)\b/.test(statement) ? 'rollback; ' : ''
        return raising('40001', 'could not serialize access due to concurrent update', ends)
      }
      counts.passed++
    }
    ddl = counted
    return null
  }

  framed(
    client,
    ({ type, body, whole }) => {
      if (type === '') {
        const code = body.readInt32BE(0)
        if (code === SSL || code === GSS) client.write('N')
        else {
          isStarted = true
          upstream.write(whole)
        }
        return
      }
      // Answers to a password, and the end, are no requests.
      if (type === 'p' || type === 'X') {
        upstream.write(whole)
        return
      }
      batch.push({ type, body, whole })
      if (type !== 'Q' && type !== 'S') return
      waiting.push(batch)
      batch = []
      next()
    },
    () => !isStarted,
  )
  framed(
    upstream,
    ({ type, body, whole }) => {
      if (!standsIn || type === 'E' || type === 'Z') client.write(whole)
      if (type !== 'Z') return
      status = body.toString('latin1', 0, 1)
      if (status === 'I') ddl = 0
      busy = false
      next()
    },
    () => false,
  )
}

/** Cuts a stream into messages. At its start a client's have no type (''). */
function framed(socket: Socket, take: (message: Message) => void, isUntyped: () => boolean): void {
  let held = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    for (;;) {
      const head = isUntyped() ? 0 : 1
      if (held.length < head + 4) return
      const end = head + held.readInt32BE(head)
      if (held.length < end) return
      const whole = held.subarray(0, end)
      held = held.subarray(end)
      take({ type: whole.toString('latin1', 0, head), body: whole.subarray(head + 4), whole })
    }
  })
}

/** What a request executes, as one text. Remembers what it prepares. */
function textOf(request: readonly Message[], prepared: Map<string, string>): string {
  const portals = new Map<string, string>()
  const texts: string[] = []
  for (const { type, body } of request) {
    const [first = '', second = ''] = body.toString('utf8').split('\0')
    if (type === 'Q') texts.push(first)
    if (type === 'P') prepared.set(first, second)
    if (type === 'B') portals.set(first, prepared.get(second) ?? '')
    if (type === 'E') texts.push(portals.get(first) ?? '')
  }
  return texts.join(';')
}

/** The server's version is that of YugabyteDB, under the name of the function. */
function asYugabyte({ type, body, whole }: Message): Buffer {
  if (type !== 'Q' && type !== 'P') return whole
  // As bytes: behind the text of a Parse stand numbers.
  const text = body.toString('latin1')
  if (!/\bversion\(\)/.test(text)) return whole
  return message(type, Buffer.from(text.replaceAll(/\bversion\(\)/g, `(select '${YUGABYTE_VERSION}'::text as version)`), 'latin1'))
}

function raising(sqlstate: string, reason: string, before = ''): Buffer {
  return message('Q', Buffer.from(`${before}do $$ begin raise exception '${reason}' using errcode = '${sqlstate}'; end $$\0`))
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
