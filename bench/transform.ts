import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { count, figure, machine, options, print, quantile, type Figure } from './figures.ts'
import { PROGRAM_HOME } from '../src/program.ts'
import { noRow } from '../src/store/statement.ts'
import { openStore, type StoreKind } from './transform-store.ts'
import { transformStory, type StoryEnd } from './transform-story.ts'

const DEFAULTS = { rows: '5M', stores: 'postgres,mysql,clickhouse', json: 'false' }
const VARIABLE = { postgres: 'POSTGRES_URI', mysql: 'MYSQL_URI' } as const
const KILLS = [0.2, 0.5, 0.8]

/** The type of a key is changed while two writers write all the time, and the process that changes it is killed three times. */
export async function run(args: string[]): Promise<void> {
  const before = machine()
  const given = options(args, DEFAULTS)
  const rows = count(given['rows'])
  const [figures, notes]: [Figure[], string[]] = [[], []]
  for (const kind of (given['stores'] ?? '').split(',') as StoreKind[]) {
    const end = await onStore(kind, rows)
    figures.push(...figuresOf(kind, end))
    notes.push(`${kind}: ${end.describe.replace(/ (in|at) \S+$/, '')}; ${noteOf(end)}`)
  }
  const report = { bench: 'transform', setup: { rows }, figures, notes }
  process.stdout.write(`${given['json'] === 'true' ? JSON.stringify({ ...report, machine: before }) : print(report, before)}\n`)
}

async function onStore(kind: StoreKind, rows: number): Promise<StoryEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-transform-'))
  const story = { kind, rows, kills: KILLS, child: join(PROGRAM_HOME, 'bench', 'transform-child.js'), folder: join(folder, 'migrations') }
  try {
    if (kind === 'clickhouse') return await transformStory({ ...story, target: join(folder, 'chdb') })
    const server = process.env[VARIABLE[kind]]
    if (server === undefined) throw new Error(`${VARIABLE[kind]} is not set: a server whose user may create databases`)
    const database = `fairlead_bench_${randomBytes(4).toString('hex')}`
    const home = await openStore(kind, server)
    const onServer = (sql: string) => home.port.rows({ name: 'bench.database', sql, row: noRow })
    await onServer(`create database ${database}`)
    try {
      const uri = new URL(server)
      uri.pathname = `/${database}`
      return await transformStory({ ...story, target: uri.href })
    } finally {
      await onServer(`drop database ${database}`)
      await home.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

function figuresOf(kind: StoreKind, end: StoryEnd): Figure[] {
  const waits = end.written.flatMap((each) => each.waits)
  const total = figure(`${kind}: from the first start to the end`, 's', [end.seconds])
  if (waits.length === 0 || end.quiet === null) return [total]
  return [
    total,
    figure(`${kind}: longest write`, 'ms', [Math.max(...waits)]),
    figure(`${kind}: write, 99.9 %`, 'ms', [quantile(waits, 0.999)]),
    figure(`${kind}: longest write to a table beside`, 'ms', [Math.max(...end.quiet.waits)]),
  ]
}

function noteOf({ killed, before, after, written, lost, keyType }: StoryEnd): string {
  const writes = written.reduce((sum, each) => sum + each.waits.length, 0)
  const failed = written.reduce((sum, each) => sum + each.failures.length, 0)
  return [
    `killed ${killed.length} times, with ${killed.map(({ done }) => done?.toLocaleString('en') ?? 'all').join(', ')} rows done`,
    `checksums ${before === after ? 'equal' : 'NOT EQUAL'} (${before})`,
    `the key is ${keyType}`,
    writes === 0
      ? 'no writer: the store belongs to the process that migrates'
      : `${writes.toLocaleString('en')} writes, ${failed} refused, ${lost.length} lost`,
  ].join('; ')
}
