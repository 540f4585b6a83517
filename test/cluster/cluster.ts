import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundle, linkPackages } from '../bundle.ts'

/** A cluster `main` of two shards, each one node: two engines in two processes, which ask each other. */
export interface TestCluster {
  /** One address a node. Each is a way to the whole. */
  readonly uris: readonly string[]
  /** What each node was asked by another (or by itself) since the last time: a question goes to the shard that has the rows. */
  asked(): Promise<{ readonly sql: string; readonly stage: number }[][]>
  close(): Promise<void>
}

export async function startCluster(shards = 2): Promise<TestCluster> {
  const scratch = await mkdtemp(join(tmpdir(), 'fairlead-cluster-'))
  const program = await bundle('test/cluster/node.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
  const nodes = await Promise.all(Array.from({ length: shards }, (_, n) => startNode(program, join(scratch, `node-${n + 1}`))))
  const urls = nodes.map(({ http }) => `http://127.0.0.1:${http}`)
  await Promise.all(
    nodes.map(async (node, n) => {
      const config = join(scratch, `config-${n + 1}.xml`)
      await writeFile(config, configOf(nodes, n))
      node.child.stdin?.write(`${JSON.stringify({ config, peers: urls.filter((_, other) => other !== n) })}\n`)
      await node.line(/^ready$/)
    }),
  )
  return {
    uris: nodes.map(({ http }) => `clickhouse://fairlead:right@127.0.0.1:${http}/fairlead?cluster=main`),
    asked: () => Promise.all(urls.map(async (url) => (await (await fetch(`${url}/asked`)).json()) as { sql: string; stage: number }[])),
    async close() {
      await Promise.all(
        nodes.map(({ child }) => {
          const ended = new Promise((resolve) => child.once('exit', resolve))
          child.kill('SIGKILL')
          return ended
        }),
      )
      await rm(scratch, { recursive: true, force: true })
    },
  }
}

interface Node {
  readonly child: ChildProcess
  readonly http: number
  readonly native: number
  /** The next line that is like this. */
  line(like: RegExp): Promise<RegExpExecArray>
}

async function startNode(program: string, directory: string): Promise<Node> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (like: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const next = await lines.next()
      if (next.done === true) throw new Error(`a node of the test cluster ended with ${child.exitCode}`)
      const found = like.exec(next.value)
      if (found !== null) return found
    }
  }
  const [, http, native] = await line(/^ports (\d+) (\d+)$/)
  return { child, http: Number(http), native: Number(native), line }
}

function configOf(nodes: readonly Node[], own: number): string {
  const shards = nodes.map(
    ({ native }) => `<shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>${native}</port><compression>false</compression></replica></shard>`,
  )
  return `<clickhouse>
  <macros><shard>${own + 1}</shard><replica>1</replica></macros>
  <remote_servers><main>${shards.join('\n')}</main></remote_servers>
</clickhouse>
`
}
