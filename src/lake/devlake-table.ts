import type { LakeTable } from './lake-schema.ts'
import type { SmallTable } from './small-table.ts'

/** A column as MySQL takes it, and what it is in a row of the SELECT. */
type Column = readonly [type: string, sql: string]

/** DevLake's word for what is not known of a text is the empty one, and its boards ask for it; of numbers and moments it is null. */
const known = (sql: string) => `ifNull(toString(${sql}), '')`
/** What does not fit is cut. */
export const text = (sql: string, length = 255): Column => ['varchar', `substringUTF8(${known(sql)}, 1, ${length})`]
export const long = (sql: string): Column => ['text', known(sql)]
export const time = (sql: string): Column => ['datetime', sql]
export const whole = (sql: string): Column => ['bigint', sql]
export const number = (sql: string): Column => ['double', sql]
export const flag = (sql: string): Column => ['bool', sql]
/** What names a row, or another: cut so that two stay two. */
export const id = (sql: string, length = 255): Column => ['varchar', cutId(known(sql), length)]
const cutId = (sql: string, length: number) =>
  `if(lengthUTF8(${sql}) > ${length}, concat(substringUTF8(${sql}, 1, ${length - 20}), '~', lower(hex(sipHash64(${sql})))), ${sql})`

/** The newest version of each row of a table. */
export const all = (table: string) => `(SELECT * FROM all_${table} FINAL WHERE org_id = {org:UUID})`
/** Of what several sources tell under one id, what was told last: other rows refer to it by that id. */
export const newest = (table: string, by = 'id') =>
  `(SELECT * FROM all_${table} FINAL WHERE org_id = {org:UUID} ORDER BY seen_at DESC, source LIMIT 1 BY ${by})`
/** Two sources may have one id, and what is counted stays two; DevLake's keys have no source. */
export const unlike = (sql: string, other: string) =>
  `if(count() OVER (PARTITION BY ${sql}) > 1, concat(${sql}, '~', lower(hex(sipHash64(${other})))), ${sql})`

/** An id that is only one within something else: where it is there twice, that stands in front of it, and the import takes it away. */
export const within = (outer: string, inner: string) =>
  `if(count() OVER (PARTITION BY ${inner}) > 1, concat(${outer}, ' ', ${inner}), ${inner})`

/** `fairlead:["checkout","acme/shop"]`: an id that says what it stands for. */
export const tupleId = (...parts: readonly string[]) =>
  `concat('fairlead:', replaceAll(toJSONString([${parts.map(known).join(', ')}]), '\\\\/', '/'))`
export const repoId = (sql: string) => `if(ifNull(toString(${sql}), '') = '', '', concat('fairlead:repository:', toString(${sql})))`
export const pullId = (sql: string) => `concat('fairlead:', ${sql})`
/** What is deployed, from where; of a build that names no service, its repository. */
export const scopeId = (service: string, repository: string) => tupleId(service, repository)

/** The account of whoever a row names; `source` is the row's. The same rules as those of `identityOf` in the domain. */
export function accountId(sql: string, source: string): string {
  const name = `trim(${known(sql)})`
  const provider = `transform(toString(${source}), {sources:Array(String)}, {providers:Array(String)}, toString(${source}))`
  return `multiIf(
    ${name} = '', '',
    match(${name}, '^[^\\\\s@]+@[^\\\\s@]+\\\\.[^\\\\s@]+$'), concat('fairlead:email::', lowerUTF8(${name})),
    ${provider} = 'git' OR (match(${name}, '\\\\s') AND ${provider} != 'jira'), concat('fairlead:name::', ${name}),
    concat('fairlead:login:', ${provider}, ':', if(${provider} IN ('github', 'gitlab'), lowerUTF8(${name}), ${name})))`
}
export const emailAccountId = (sql: string) => `if(trim(${sql}) = '', '', concat('fairlead:email::', lowerUTF8(trim(${sql}))))`

export const TOLD = 'fairlead'
/** Stands for something that is told elsewhere; `import devlake` leaves it out. */
export const DERIVED = 'fairlead:derived'

interface Definition {
  readonly name: string
  readonly key: readonly string[]
  /** By which its rows are kept in months; nothing for a table whose rows have no date. */
  readonly at?: string
  readonly from: string
  readonly columns: Readonly<Record<string, Column>>
  readonly told?: string
}

/** Its rows are known again by `_raw_data_params`, which has its own index, and holds the key. */
export function devlakeTable({ name, key, at, from, columns, told = `'${TOLD}'` }: Definition): LakeTable {
  const written: Record<string, Column> = { ...columns, _raw_data_table: ['varchar', told] }
  const names = Object.keys(written).map((column) => `lake_${column}`)
  return {
    name,
    key: '_raw_data_params',
    columns: Object.fromEntries(Object.entries(written).map(([column, [type]]) => [column, type])),
    rows: `SELECT ${cutId(key.length === 1 ? `lake_${key[0]}` : `concat(${key.map((one) => `lake_${one}`).join(", ' ', ")})`, 255)} AS lake_key,
  month, sipHash64(toJSONString(tuple(${names.join(', ')}))) AS hash, lower(hex(hash)) AS digest, ${names.join(', ')}
FROM (
  SELECT ${at === undefined ? "''" : `formatDateTime(${at}, '%Y-%m')`} AS month, ${Object.entries(written)
    .map(([column, [, sql]]) => `${sql} AS lake_${column}`)
    .join(', ')}
  FROM (${from}) AS told
)`,
  }
}

/** A small one, whose rows also name themselves in `_raw_data_params`. */
export function markedTable(name: string, key: readonly string[], columns: Readonly<Record<string, string>>): SmallTable {
  return { name, key, columns: { ...columns, _raw_data_table: 'varchar' }, marked: '_raw_data_params' }
}
