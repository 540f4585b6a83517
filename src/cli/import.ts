import pc from 'picocolors'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { ImportReport } from '../lake/import.ts'
import { connect } from './client.ts'
import { note, print, printJson, progress, table } from './output.ts'

interface Options {
  from?: string
  source?: string
  full?: boolean
  dryRun?: boolean
  json?: boolean
}

/** Takes over the database of another tool. */
export async function run(config: Config, what: string, options: Options): Promise<number> {
  if (what !== 'devlake') throw new AppError('usage', `import ${what} is not known.`, { help: 'Known: devlake.' })
  const client = await connect(config)
  const drawn = progress('import devlake')
  try {
    const uri = options.from ?? config.MYSQL_URI?.reveal()
    const report = await client.follow<ImportReport>(
      '/v1/import/devlake',
      {
        ...(options.source === undefined ? {} : { name: options.source }),
        ...(uri === undefined ? {} : { uri }),
        full: options.full === true,
        dry_run: options.dryRun === true,
      },
      drawn.tick,
    )
    drawn.end()
    if (options.json) printJson(report)
    else printReport(report)
    return Object.keys(report.problems).length > 0 ? 1 : 0
  } finally {
    drawn.end()
    await client.close()
  }
}

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
    for (const { reason, items, example } of one.reasons)
      note(`${pc.yellow('skipped')} ${figure(items)} of ${one.table}: ${reason} (for example ${example})`)
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
