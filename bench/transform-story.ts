import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { createMigrator } from '../src/store/migrate.ts'
import { statement } from '../src/store/statement.ts'
import { openStore, WORDS, type OpenStore, type StoreKind } from './transform-store.ts'
import { HOT, lostOf, startWriter, type Written } from './transform-writer.ts'

export interface Story {
  readonly kind: StoreKind
  readonly target: string
  readonly rows: number
  /** Of the rows, at which the child is killed. */
  readonly kills: readonly number[]
  /** The built `transform-child`. */
  readonly child: string
  /** A folder for the migrations. */
  readonly folder: string
}

export interface StoryEnd {
  readonly describe: string
  /** Each time that the child was killed: rows that were done when it first told of some, and when it was to die; null where it told of none. */
  readonly killed: readonly { readonly first: number | null; readonly done: number | null }[]
  /** From the first start to the end, without what the dead one's lease is waited for. */
  readonly seconds: number
  /** The rows that nobody wrote meanwhile, in the old table and in the new one: how many, and the sum of their digests. */
  readonly before: string
  readonly after: string
  readonly written: readonly Written[]
  readonly lost: readonly string[]
  /** Writes to a table beside, in the same time: what the machine alone makes them wait. */
  readonly quiet: Written | null
  readonly keyType: string
}

const BATCH = 100_000

/** A table is filled, its key changed from number to text by a process that is killed again and again, while two writers write all the time. */
export async function transformStory({ kind, target, rows, kills, child, folder }: Story): Promise<StoryEnd> {
  const words = WORDS[kind]
  mkdirSync(folder)
  writeFileSync(
    join(folder, '0001_create_orders.sql'),
    `-- why: a table to change\n\n${words.create}\n--next\n${words.create.replaceAll('orders', 'quiet')}\n`,
  )
  let store = await openStore(kind, target)
  await migrate(store, folder)
  for (let from = 0; from < rows; from += BATCH) await store.port.run(words.fill(from, Math.min(rows, from + BATCH)))
  const code = `// why: keys are texts\nexport default ({ changeColumnType }) => changeColumnType({ table: 'orders', column: 'id', type: '${words.newType}' })\n`
  for (const file of ['0002_change_key.ts', '0002_change_key.js']) writeFileSync(join(folder, file), code)

  // The embedded store belongs to one process, which then is the child.
  const isAlone = kind === 'clickhouse'
  if (isAlone) await store.close()
  const writers = isAlone ? [] : ([0, 1] as const).map((mine) => startWriter(store, rows, mine, 'orders'))
  const beside = isAlone ? null : startWriter(store, rows, 0, 'quiet')
  const killed: { first: number | null; done: number | null }[] = []
  const begun = performance.now()
  for (const share of [...kills, null]) {
    const end = await spawnChild(child, [kind, target, folder, share === null ? '' : String(share)])
    if (end.signal === 'SIGKILL') killed.push({ first: end.first, done: end.done })
    else if (end.code !== 0) throw new Error(`the child failed: ${end.errors}`)
  }
  const seconds = (performance.now() - begun) / 1000
  const written = await Promise.all(writers.map((each) => each.stop()))
  const quiet = (await beside?.stop()) ?? null
  if (isAlone) store = await openStore(kind, target)
  try {
    const [before, after] = [await untouched(store, kind, 'orders_before_0002', rows), await untouched(store, kind, 'orders', rows)]
    const lost = (await Promise.all(written.map((each) => lostOf(store, each, 'orders')))).flat()
    const keyType =
      (await store.port.rows(store.dialect.copying.columns, { table: 'orders' })).find(({ name }) => name === 'id')?.type ?? ''
    return { describe: store.describe, killed, seconds, before, after, written, lost, quiet, keyType }
  } finally {
    await store.close()
  }
}

async function migrate(store: OpenStore, directory: string): Promise<void> {
  const { port, dialect, lock } = store
  await createMigrator({ port, dialect, directory, programVersion: '0', actor: 'bench', ...(lock === undefined ? {} : { lock }) }).up()
}

const sums = z.object({ n: z.coerce.string(), digest: z.coerce.string() })

async function untouched({ port, dialect }: OpenStore, kind: StoreKind, table: string, rows: number): Promise<string> {
  const id = WORDS[kind].number
  const digest = dialect.copying.digest([id, 'customer', 'amount', 'placed_on'])
  const sql = `select count(*) as n, ${digest} as digest from ${table} where ${id} % ${HOT.of} <> ${HOT.is} and ${id} <= ${rows}`
  const ask = async (inside: typeof port) => (await inside.rows(statement({ name: 'bench.untouched', sql, row: sums })))[0]
  const found = await (port.transaction ? port.transaction(ask) : ask(port))
  return `${found?.n} rows, ${found?.digest}`
}

interface ChildEnd {
  readonly signal: string | null
  readonly code: number | null
  readonly first: number | null
  readonly done: number | null
  readonly errors: string
}

async function spawnChild(child: string, args: readonly string[]): Promise<ChildEnd> {
  const running = spawn(process.execPath, [child, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  running.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => running.once('close', (...end) => resolve(end)))
  const told = (what: RegExp): number | null => {
    const found = what.exec(output)?.[1]
    return found === undefined ? null : Number(found)
  }
  return { code, signal, errors, first: told(/"first":(\d+)/), done: told(/"done":(\d+)/) }
}
