import pc from 'picocolors'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { ImportReport } from '../lake/import.ts'
import { connect } from './client.ts'
import { fromVariable } from './from-variable.ts'
import { note, print, printJson, progress, table } from './output.ts'
import { secretFrom } from './secret-from.ts'

interface Options {
  from?: string
  source?: string
  encryptionSecret?: string | true
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
  if (what !== 'devlake' && options.encryptionSecret !== undefined)
    throw new AppError('usage', '--encryption-secret is DevLake’s.', { help: 'Leave it out, or say import devlake.' })
  const secret = what === 'devlake' ? await secretOf(config, options.encryptionSecret) : undefined
  const uri = addressOf(config, what, options.from)
  const body = {
    ...(options.source === undefined ? {} : { name: options.source }),
    ...(uri === undefined ? {} : { uri }),
    ...(options.table === undefined ? {} : { table: options.table }),
    ...(options.column === undefined ? {} : { columns: columnsOf(options.column) }),
    ...(secret === undefined ? {} : { encryption_secret: secret }),
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

async function secretOf(config: Config, from: string | true | undefined): Promise<string | undefined> {
  if (from === undefined) return config.DEVLAKE_ENCRYPTION_SECRET?.reveal()
  return secretFrom('ENCRYPTION_SECRET of DevLake', from === true ? null : from, '--encryption-secret', config)
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
  printHandover(report)
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

function printHandover({ connections, keys, dry_run, secret_proved }: ImportReport): void {
  if (connections.length > 0)
    print(
      `\n${table(
        ['connection', 'of', 'source', ''],
        connections.map((one) => [one.name, one.kind, one.source ?? '', CONNECTION[one.result]]),
      )}`,
    )
  for (const { name, kind, notes, check } of connections)
    for (const sentence of notes) note(`${check === 'failed' ? pc.red('missing') : pc.yellow('note')} ${kind} ${name}: ${sentence}`)
  if (keys.length > 0)
    print(
      `\n${table(
        ['API key', 'opens', 'until', ''],
        keys.map((one) => [one.name, one.path, one.expires_at ?? '', one.why ?? KEY[one.result]]),
      )}`,
    )
  if ([...connections, ...keys].some(({ result }) => result === 'sealed'))
    note(
      'What is sealed needs ENCRYPTION_SECRET of DevLake: run it again with --encryption-secret, or with DEVLAKE_ENCRYPTION_SECRET in the environment.',
    )
  if (secret_proved === null && keys.some(({ result }) => result === 'taken' || result === 'new'))
    note('Nothing in the database is sealed, so nothing shows whether the secret is the right one: try a key.')
  if (!dry_run && connections.some(({ kind, result }) => kind !== 'webhook' && result === 'made'))
    note('The new sources wait: “Afterwards” in docs/guides/from-devlake.md says how they take the place of what was imported.')
}

const CONNECTION: Readonly<Record<ImportReport['connections'][number]['result'], string>> = {
  new: 'would be made',
  made: 'made',
  exists: 'is here: left as it is',
  unsupported: 'there is no connector for it',
  sealed: 'sealed',
  undecryptable: 'its credential cannot be opened: it was changed, or sealed with another secret',
  unusable: 'cannot be made',
}

const KEY: Readonly<Record<ImportReport['keys'][number]['result'], string>> = {
  new: 'would be taken',
  taken: 'taken: goes on working',
  exists: 'is here',
  expired: 'has ended',
  unusable: 'of no use here',
  sealed: 'sealed',
}
