import pc from 'picocolors'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { bytesText, PARTS, type DoctorReport, type Finding, type StoreReport } from '../operate/doctor/finding.ts'
import { connect, type Client } from './client.ts'
import { print, printJson, progress, table } from './output.ts'

interface Options {
  strict?: boolean
  all?: boolean
  json?: boolean
}

/** How the stores and the installation are. A store that is away is a finding, also where it keeps the program from starting. */
export async function run(config: Config, options: Options): Promise<number> {
  const drawn = progress('doctor')
  drawn.tick(0, null, 'parts examined')
  const report = await examined(config)
  drawn.end()
  if (options.json) printJson(report)
  else printReport(report, options.all === true)
  const fails = report.findings.some(({ level }) => level === 'failure' || (options.strict === true && level === 'warning'))
  return fails ? 3 : 0
}

/** What keeps the program from starting and is for the doctor to explain. */
const EXPLAINED = new Set([
  'store-unavailable',
  'store-credentials',
  'store-refused',
  'schema-newer',
  'schema-pending',
  'migration-drift',
  'migration-failed',
  'disk-full',
])

async function examined(config: Config): Promise<DoctorReport> {
  let client: Client
  try {
    client = await connect(config)
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !EXPLAINED.has(thrown.code)) throw thrown
    const { examineUnstarted } = await import('../operate/doctor/unstarted.ts')
    return examineUnstarted(config, thrown)
  }
  try {
    return await client.json<DoctorReport>('/v1/doctor')
  } finally {
    await client.close()
  }
}

const MARKS: Readonly<Record<Finding['level'], string>> = {
  failure: pc.red('failure'),
  warning: pc.yellow('warning'),
  note: pc.cyan('note'),
  ok: pc.green('ok'),
}
const LARGEST = 8

function printReport({ findings, stores }: DoctorReport, all: boolean): void {
  for (const part of PARTS) {
    const own = findings.filter(({ store }) => store === part)
    const [first] = own
    if (first === undefined) continue
    const store = stores.find((one) => one.store === part)
    print(`${pc.bold(first.title)}${store === undefined ? '' : pc.dim(`  ${store.describe}`)}`)
    for (const { level, says, remedy } of own) {
      print(`  ${MARKS[level]}${' '.repeat(9 - level.length)}${says}`)
      if (remedy !== null && level !== 'ok') print(`           ${pc.dim(remedy)}`)
    }
    if (store !== undefined && store.reached) printStore(store, all)
    print('')
  }
  const count = (level: Finding['level']) => findings.filter((one) => one.level === level).length
  print(`${count('failure')} failures, ${count('warning')} warnings, ${count('note')} notes; ${count('ok')} checks hold.`)
}

function printStore(store: StoreReport, all: boolean): void {
  const most = all ? Infinity : LARGEST
  const indented = (text: string) => print(text.replaceAll(/^/gm, '  '))
  const more = (count: number, what: string) => (count > most ? print(pc.dim(`  … ${count - most} more ${what} with --all`)) : undefined)
  if (store.tables.length > 0) {
    print('')
    const hasParts = store.tables.some(({ parts }) => parts !== null)
    const hasDead = store.tables.some(({ dead_rows }) => dead_rows !== null)
    indented(
      table(
        ['table', 'rows', 'size', 'indexes', ...(hasParts ? ['parts'] : []), ...(hasDead ? ['dead'] : [])],
        store.tables
          .slice(0, most)
          .map((one) => [
            one.table,
            figure(one.rows),
            size(one.bytes),
            size(one.index_bytes),
            ...(hasParts ? [figure(one.parts)] : []),
            ...(hasDead ? [figure(one.dead_rows)] : []),
          ]),
        [1, 2, 3, 4, 5],
      ),
    )
    more(store.tables.length, 'tables')
  }
  if (store.indexes.length > 0) {
    print('')
    indented(
      table(
        ['index', 'of', 'over', 'size', 'uses'],
        store.indexes.slice(0, most).map((one) => [one.index, one.table, one.columns.slice(0, 60), size(one.bytes), figure(one.uses)]),
        [3, 4],
      ),
    )
    more(store.indexes.length, 'indexes')
  }
  const { from, statements } = store.slow
  if (statements.length === 0) return
  print('')
  indented(
    table(
      [`slowest statements (${from === 'program' ? 'this process' : from})`, 'calls', 'mean ms', 'most ms'],
      statements.slice(0, most).map((one) => [one.statement, figure(one.calls), one.mean_ms.toFixed(1), one.most_ms?.toFixed(1) ?? '']),
      [1, 2, 3],
    ),
  )
}

/** What is not told is left empty, and is no zero. */
function figure(count: number | null): string {
  return count === null ? '' : Math.round(count).toLocaleString('en')
}
function size(bytes: number | null): string {
  return bytes === null ? '' : bytesText(bytes)
}
