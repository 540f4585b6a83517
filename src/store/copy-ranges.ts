import { z } from 'zod'
import type { Copy, Copying } from './copying.ts'
import type { Progress, WorkPlace } from './migration-step.ts'
import { noRow, statement, type Params } from './statement.ts'

/** A range is as large as what takes about so long: a writer may have to wait for one. */
const RANGE_MS = 150
const SMALLEST = 500
const LARGEST = 100_000

/** Before our names, as ClickHouse takes a name that is given for the column of that name everywhere. */
const OURS = 'fairlead_'

const countRow = z.object({ [`${OURS}n`]: z.coerce.number() })

/** All rows, range by range of the key. Each range and how far it is are one transaction; where there are none, what is in doubt is removed first. */
export async function copyRanges(copying: Copying, copy: Copy, place: WorkPlace): Promise<void> {
  const earlier = await place.progress.read()
  if (copying.doubtful !== undefined) {
    const behind = earlier?.position == null ? null : copying.compareKey(copy.key, '>', 'k')
    const [where, params] = [copying.doubtful(copy, behind), keyParams(earlier?.position ?? null, 'k')]
    // To remove nothing would rewrite the table all the same.
    if ((await countOf(copying, copy.to, place.port, where, params)) > 0)
      await place.port.run(`delete from ${copying.quote(copy.to)} {{on_cluster}} where ${where}`, params)
  }
  let at = earlier ?? { position: null, rows: 0, total: await countOf(copying, copy.from, place.port) }
  // What comes behind it later is carried over: to run after the rows that others add would be a race with them, and on MySQL a deadlock.
  const last = await lastKey(copying, copy, place.port)
  if (last === null) return
  let size = SMALLEST
  for (;;) {
    const before: Progress = at
    const begun = performance.now()
    const next: Progress | null = await copying.patient(place.port, async (port) => {
      const end = await endOfRange(copying, copy, port, { behind: before.position, last, size })
      if (end === null) return null
      const behind = before.position === null ? [] : [copying.compareKey(copy.key, '>', 'k')]
      const condition = [...behind, copying.compareKey(copy.key, '<=', 'u')].join(' and ')
      await port.run(copying.copyRange(copy, condition), { ...keyParams(before.position, 'k'), ...keyParams(end.position, 'u') })
      const done = { position: end.position, rows: before.rows + end.rows, total: Math.max(before.total, before.rows + end.rows) }
      await place.progress.write(port, done)
      await place.confirm(port)
      return done
    })
    if (next === null) return
    at = next
    await place.report(at.rows, at.total)
    const factor = Math.min(4, Math.max(0.25, RANGE_MS / (performance.now() - begun)))
    size = Math.round(Math.min(LARGEST, Math.max(SMALLEST, size * factor)))
  }
}

async function countOf(copying: Copying, table: string, port: WorkPlace['port'], where?: string, params?: Params): Promise<number> {
  const sql = `select count(*) as ${OURS}n from ${copying.quote(table)}${where === undefined ? '' : ` where ${where}`}`
  return (await port.rows(statement({ name: 'migration.count', sql, row: countRow }), params))[0]?.[`${OURS}n`] ?? 0
}

/** The largest key, or null when there is none. */
async function lastKey(copying: Copying, { from, key }: Copy, port: WorkPlace['port']): Promise<string | null> {
  const names = key.map(({ name }) => copying.quote(name))
  const sql = `select ${keyTexts(copying, names)} from ${copying.quote(from)} order by ${names.map((name) => `${name} desc`).join(', ')} limit 1`
  const [row] = await port.rows(statement({ name: 'migration.last_key', sql, row: keyRow }))
  return row === undefined ? null : positionOf(names, row)
}

async function endOfRange(
  copying: Copying,
  { from, key }: Copy,
  port: WorkPlace['port'],
  { behind, last, size }: { behind: string | null; last: string; size: number },
): Promise<{ position: string; rows: number } | null> {
  const names = key.map(({ name }) => copying.quote(name))
  const conditions = [...(behind === null ? [] : [copying.compareKey(key, '>', 'k')]), copying.compareKey(key, '<=', 'u')]
  const sql = `with batch as (select ${names.join(', ')} from ${copying.quote(from)} where ${conditions.join(' and ')} order by ${names.join(', ')} limit ${size})
select ${keyTexts(copying, names)}, (select count(*) from batch) as ${OURS}n
from batch order by ${names.map((name) => `batch.${name} desc`).join(', ')} limit 1`
  const params = { ...keyParams(behind, 'k'), ...keyParams(last, 'u') }
  const [row] = await port.rows(statement({ name: 'migration.end_of_range', sql, row: keyRow }), params)
  return row === undefined ? null : { position: positionOf(names, row), rows: Number(row[`${OURS}n`]) }
}

const keyRow = z.record(z.string(), z.union([z.string(), z.number()]))

function keyTexts(copying: Copying, names: readonly string[]): string {
  return names.map((name, index) => `${copying.keyText(name)} as ${OURS}k${index}`).join(', ')
}

function positionOf(names: readonly string[], row: z.infer<typeof keyRow>): string {
  return JSON.stringify(names.map((_, index) => String(row[`${OURS}k${index}`])))
}

function keyParams(position: string | null, prefix: string): Params {
  const values = position === null ? [] : z.array(z.string()).parse(JSON.parse(position))
  return Object.fromEntries(values.map((value, index) => [`${prefix}${index}`, value]))
}

export interface Totals {
  readonly source_rows: string
  readonly source_digest: string
  readonly copy_rows: string
  readonly copy_digest: string
}

const text = z.union([z.string(), z.number()]).transform(String)
const totalsRow = z.object({ source_rows: text, source_digest: text, copy_rows: text, copy_digest: text })

/** Counts and digests of both, as one statement and so of one moment. `within`: only the rows of `to` that come from `from`. */
export async function totals(copying: Copying, copy: Copy, place: WorkPlace, within: boolean): Promise<Totals | null> {
  const [from, to] = [copying.quote(copy.from), copying.quote(copy.to)]
  const inKey = copy.columns.filter(({ key }) => key > 0)
  const names = copy.columns.map(({ name }) => copying.quote(name))
  const only = within
    ? ` where (${inKey.map(({ name }) => copying.quote(name)).join(', ')}) in (select ${inKey.map((one) => copying.comparable(one)).join(', ')} from ${from})`
    : ''
  const sql = `select s.${OURS}n as source_rows, s.${OURS}digest as source_digest, t.${OURS}n as copy_rows, t.${OURS}digest as copy_digest
from (select count(*) as ${OURS}n, ${copying.digest(copy.columns.map((one) => copying.stored(one)))} as ${OURS}digest from ${from}) as s
cross join (select count(*) as ${OURS}n, ${copying.digest(names)} as ${OURS}digest from ${to}${only}) as t${copying.settled}`
  const each = statement({ name: 'migration.totals', sql, row: totalsRow })
  const ask = async (port: WorkPlace['port']) => (await port.rows(each))[0] ?? null
  return place.port.transaction ? place.port.transaction(ask) : ask(place.port)
}

/** Whether there is a table of that name. */
export async function tableExists(copying: Copying, port: WorkPlace['port'], table: string): Promise<boolean> {
  return (await port.rows({ ...copying.columns, row: noRow }, { table })).length > 0
}
