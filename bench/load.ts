import { connect, type Socket } from 'node:net'

/**
 * The load generator, in a process of its own so that it takes no time from what it measures: plain sockets, one request under way on each,
 * requests made ahead as bytes and answers read only as far as status and length. Told by its parent, answers by message.
 */
export interface LoadOrder {
  readonly host: string
  readonly port: number
  readonly token: string
  readonly clients: number
  readonly seconds: number
  /** `single`: one event a request. `bulk`: `perRequest` events as NDJSON. */
  readonly perRequest: number
  /** Bulk stops after so many events, whatever the time. */
  readonly events: number
  /** Makes the ids of this run differ from those of others. */
  readonly run: string
  readonly services: number
}

export interface LoadResult {
  readonly requests: number
  readonly events: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly refused: number
  /** Share of one core that the generator itself took. */
  readonly cpu: number
}

process.once('message', (order: LoadOrder) => {
  void load(order).then((result) => process.send?.(result, undefined, undefined, () => process.exit(0)))
})

async function load(order: LoadOrder): Promise<LoadResult> {
  const latencies: number[] = []
  let sent = 0
  let refused = 0
  const startedCpu = process.cpuUsage()
  const started = performance.now()
  const deadline = started + order.seconds * 1000
  const client = async (): Promise<void> => {
    const socket = connect({ host: order.host, port: order.port, noDelay: true })
    const read = answersOf(socket)
    while (performance.now() < deadline && sent < order.events) {
      const first = sent
      sent += order.perRequest
      const request = requestOf(order, first)
      const at = performance.now()
      socket.write(request)
      const status = await read()
      latencies.push(performance.now() - at)
      if (status !== 202) refused++
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: order.clients }, client))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(startedCpu)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return {
    requests: latencies.length,
    events: (latencies.length - refused) * order.perRequest,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    refused,
    cpu: (user + system) / 1e6 / seconds,
  }
}

function requestOf(order: LoadOrder, first: number): Buffer {
  let body = ''
  for (let n = first; n < first + order.perRequest; n++) body += `${eventOf(order, n)}\n`
  const type = order.perRequest === 1 ? 'application/json' : 'application/x-ndjson'
  return Buffer.from(
    `POST /v1/events HTTP/1.1\r\nhost: ${order.host}:${order.port}\r\nauthorization: Bearer ${order.token}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/** As a pipeline sends it: id, commit, times; one in twenty failed. Half a second apart, from 2025 on. */
function eventOf(order: LoadOrder, n: number): string {
  const at = Date.UTC(2025, 0, 1) + n * 500
  const sha = (n + 0x1000000000).toString(16).padStart(12, '0')
  return `{"id":"${order.run}-${n}","kind":"deploy","service":"service-${n % order.services}","git_sha":"${sha}","environment":"prod","succeeded":${n % 20 !== 0},"commit_at":"${new Date(at - 7_200_000).toISOString()}","occurred_at":"${new Date(at).toISOString()}"}`
}

/** Answers come in order, one for each request: a status and a length are all that is read of them. */
function answersOf(socket: Socket): () => Promise<number> {
  let buffered = ''
  let waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null
  const look = () => {
    if (waiting === null) return
    const head = buffered.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(buffered)?.[1] ?? Number.NaN)
    if (Number.isNaN(length)) return waiting.reject(new Error(`an answer without a length: ${buffered.slice(0, head)}`))
    if (buffered.length < head + 4 + length) return
    const status = Number(buffered.slice(9, 12))
    buffered = buffered.slice(head + 4 + length)
    const { resolve } = waiting
    waiting = null
    resolve(status)
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    buffered += text
    look()
  })
  socket.on('error', (error) => waiting?.reject(error))
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject }
      look()
    })
}
