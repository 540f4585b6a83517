import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands between a client and a server, and does to connections what networks do. */
export interface FaultProxy {
  readonly port: number
  /** As a firewall that forgets: what is open stays open and carries nothing any more; new connections work. */
  forget(): void
  /** As a machine that lost its network: also new connections get no answer. */
  silence(): void
  /** As a server that is stopped: all connections end, new ones are refused. */
  stop(): void
  /** New connections work again. */
  restart(): void
  readonly open: () => number
  close(): Promise<void>
}

export async function startFaultProxy(host: string, port: number): Promise<FaultProxy> {
  let state: 'works' | 'silent' | 'stopped' = 'works'
  const pairs = new Set<{ client: Socket; upstream: Socket | null; forgotten: boolean }>()
  const server = createServer((client) => {
    client.on('error', () => {})
    if (state === 'stopped') {
      client.resetAndDestroy()
      return
    }
    const pair = { client, upstream: state === 'silent' ? null : connect(port, host), forgotten: state === 'silent' }
    pairs.add(pair)
    const { upstream } = pair
    upstream?.on('error', () => {})
    client.on('data', (chunk) => void (pair.forgotten || upstream?.write(chunk)))
    upstream?.on('data', (chunk) => void (pair.forgotten || client.write(chunk)))
    client.once('close', () => {
      pairs.delete(pair)
      upstream?.destroy()
    })
    // A firewall that forgot a connection passes its end on as little.
    upstream?.once('close', () => void (pair.forgotten || client.destroy()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const forget = () => {
    for (const pair of pairs) pair.forgotten = true
  }
  return {
    port: (server.address() as AddressInfo).port,
    forget,
    silence() {
      state = 'silent'
      forget()
    },
    stop() {
      state = 'stopped'
      for (const { client } of pairs) client.destroy()
    },
    restart() {
      state = 'works'
    },
    open: () => pairs.size,
    close: () =>
      new Promise((resolve) => {
        for (const { client } of pairs) client.destroy()
        server.close(() => resolve())
      }),
  }
}
