import pc from 'picocolors'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { ImportReport } from '../lake/import.ts'
import { connect } from './client.ts'
import { fromVariable } from './from-variable.ts'
import { note, print, printJson, progress, table } from './output.ts'

interface Options {
  from?: string
  source?: string
  table?: string
  column?: readonly string[]
  full?: boolean
  dryRun?: boolean
  json?: boolean
}

const KNOWN = ['devlake', 'flowlens', 'events']

/** Takes over the database of another tool. */
export async function run(config: Config, what: string, options: Options): Promise<number> {
  if (!KNOWN.includes(what)) throw new AppError('usage', `import ${what} is not known.`, { help: `Known: ${KNOWN.join(', ')}.` })
  const isEvents = what === 'events'
  if (!isEvents && (options.table !== undefined || options.column !== undefined))
    throw new AppError('usage', '--table and --column say how events are read.', { help: `Leave them out, or say import events.` })
  const uri = addressOf(config, what, options.from)
  const body = {
    ...(options.source === undefined ? {} : { name: options.source }),
    ...(uri === undefined ? {} : { uri }),
    ...(options.table === undefined ? {} : { table: options.table }),
    ...(options.column === undefined ? {} : { columns: columnsOf(options.column) }),
    full: options.full === true,
    dry_run: options.dryRun === true,
  }
  const client = await connect(config)
  const drawn = progress(`import ${what}`)
  try {
    const report = await client.follow<ImportReport>(`/v1/import/${what}`, body, drawn.tick)
    drawn.end()
    if (options.json) printJson(report)
    else printReport(report)
    return Object.keys(report.problems).length > 0 ? 1 : 0
  } finally {
    drawn.end()
    await client.close()
  }
}

function addressOf(config: Config, what: string, from: string | undefined): string | undefined {
  if (from === undefined) return what === 'devlake' ? config.MYSQL_URI?.reveal() : undefined
  return from.startsWith('env:') ? fromVariable(config, from) : from
}

/** `service=app_name` */
function columnsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((one) => {
      const [, field, column] = /^([a-z_]+)=(.+)$/.exec(one) ?? []
      if (field === undefined || column === undefined)
        throw new AppError('usage', `--column ${one} does not say which field is which column.`, {
          help: 'Write it as --column service=app_name.',
        })
      return [field, column]
    }),
  )
}

/** Which rows: all of them, or some. */
const namesOf = (examples: readonly string[], items: number) =>
  `${examples.length < items ? 'for example ' : ''}${examples.slice(0, NAMES).join(', ')}${examples.length > NAMES ? ' …' : ''}`
const NAMES = 10

const figure = (count: number | null) => (count === null ? '' : count.toLocaleString('en'))

function printReport(report: ImportReport): void {
  const known = report.tables.filter((one) => one.stream !== null || one.why === 'becomes projects')
  print(
    table(
      ['table', 'rows', 'read', 'taken', 'unchanged', 'skipped', ''],
      known.map((one) => [one.table, ...[one.rows, one.read, one.taken, one.unchanged, one.skipped].map(figure), one.why ?? '']),
      [1, 2, 3, 4, 5],
    ),
  )
  for (const one of report.tables)
    for (const { reason, items, examples } of one.reasons)
      note(`${pc.yellow('skipped')} ${figure(items)} of ${one.table}: ${reason} (${namesOf(examples, items)})`)
  for (const missing of report.missing) note(`${pc.yellow('missing')} ${missing}`)
  for (const [stream, problem] of Object.entries(report.problems)) note(`${pc.red('failed')}  ${stream}: ${problem}`)
  const left = report.tables.filter((one) => !known.includes(one))
  if (left.length > 0)
    print(
      `\n${table(
        ['not taken', 'why'],
        left.map((one) => [one.table, one.why ?? '']),
      )}`,
    )
  if (report.projects.length > 0)
    print(
      `\n${table(
        ['project', ''],
        report.projects.map((one) => [one.name, PROJECT[one.result]]),
      )}`,
    )
  print(
    report.dry_run
      ? `\n${report.from} was looked at, and nothing was changed.`
      : `\nFrom ${report.from} in ${report.seconds.toFixed(1)} s, as the source ${pc.bold(report.source)}. Run it again for what is new.`,
  )
}

const PROJECT: Readonly<Record<ImportReport['projects'][number]['result'], string>> = {
  new: 'would be made',
  made: 'made',
  unchanged: 'unchanged',
  differs: 'is here and differs: left as it is',
  empty: 'holds nothing that is known',
}
