import { AppError } from '../errors.ts'

/**
 * How one text of a statement is said where ClickHouse is several nodes (docs/adr/0027). A table `all_…` is sharded by organization: its rows
 * lie in a replicated `all_…_local` on each node, and `all_…` is the way to all of them. Every other table is bookkeeping, and has its rows on
 * every node. Files of migrations and the program itself know nothing of this.
 */
export interface Cluster {
  readonly name: string
  readonly database: string
}

/** An organization lies on one shard, so each replacing key does, and each join finds both its sides. */
const SHARDING = 'sipHash64(org_id)'

const isSharded = (table: string): boolean => table.startsWith('all_')
const localOf = (table: string): string => (isSharded(table) ? `${table}_local` : table)

/** The statements to run, in this order. Each may be run twice where the one that was given may. What has no meaning on a cluster is refused. */
export function onCluster(sql: string, cluster: Cluster): string[] {
  const text = sql.replace(/^(?:\s|--.*|\/\*[\s\S]*?\*\/)+/, '').trimEnd()
  for (const [shape, say] of FORMS) {
    const found = shape.exec(text)
    if (found !== null) return say(found, text, cluster)
  }
  throw refused(text, 'nobody has said what it is on a cluster')
}

type Say = (found: RegExpExecArray, text: string, cluster: Cluster) => string[]

const NAME = '`?(\\w+)`?'
const form = (text: string): RegExp => new RegExp(`^${text.replaceAll(' ', '\\s+').replaceAll('NAME', NAME)}`, 'i')

const FORMS: readonly (readonly [RegExp, Say])[] = [
  [form('create table (if not exists )?NAME\\s*'), createTable],
  [
    form('create ((?:or replace )?view )(if not exists )?NAME'),
    ([head = '', what = '', ifNot = '', view = ''], text, { name }) => [
      `CREATE ${what.trim().toUpperCase()} ${ifNot === '' ? '' : 'IF NOT EXISTS '}${view} ON CLUSTER ${quoted(name)}${text.slice(head.length)}`,
    ],
  ],
  [form('alter table NAME '), alterTable],
  [form('rename table (if exists )?(?=\\S)'), renameTables],
  [
    form('drop (table|view) (if exists )?NAME$'),
    ([, what = '', ifExists = '', table = ''], _text, { name }) =>
      (isSharded(table) ? [table, localOf(table)] : [table]).map(
        // At once: another table of this name must not meet what is left of it in Keeper.
        (one) => `DROP ${what.toUpperCase()} ${ifExists === '' ? '' : 'IF EXISTS '}${one} ON CLUSTER ${quoted(name)} SYNC`,
      ),
  ],
  [
    form('(truncate table|truncate|optimize table|delete from) (if exists )?NAME'),
    ([head = '', verb = '', ifExists = '', table = ''], text, { name }) => [
      `${verb.toUpperCase()} ${ifExists === '' ? '' : 'IF EXISTS '}${localOf(table)} ON CLUSTER ${quoted(name)}${text.slice(head.length)}`,
    ],
  ],
  // Rows find their shard by themselves, and a question is a question.
  [/^(insert|select|with|set|use|explain|show|describe|system sync)\b/i, (_found, text) => [text]],
]

function createTable([head = '', ifNot = '', table = '']: RegExpExecArray, text: string, cluster: Cluster): string[] {
  const rest = text.slice(head.length)
  const engine = /\bengine\s*=\s*(\w*MergeTree)\b/i.exec(rest)
  if (!rest.startsWith('(') || engine === null) throw refused(text, 'it does not name its columns and an engine of the MergeTree family')
  const behind = rest.slice(engine.index + engine[0].length)
  const given = /^\s*\(/.test(behind) ? behind.slice(0, closing(behind)) : ''
  const inner = given.trim().slice(1, -1).trim()
  // By name and not by {uuid}, which is another one on a node that is added later. The macros in braces are the server's own.
  const place = isSharded(table)
    ? `'/clickhouse/tables/{shard}/{database}/${table}', '{replica}'`
    : `'/clickhouse/tables/every-node/{database}/${table}', '{shard}-{replica}'`
  const replicated = `ENGINE = Replicated${engine[1]}(${place}${inner === '' ? '' : `, ${inner}`})`
  return [
    `CREATE TABLE ${ifNot === '' ? '' : 'IF NOT EXISTS '}${localOf(table)} ON CLUSTER ${quoted(cluster.name)}\n${rest.slice(0, engine.index)}${replicated}${withSettings(behind.slice(given.length))}`,
    ...(isSharded(table) ? [wayTo(table, cluster)] : []),
  ]
}

/**
 * A replicated table takes an insert with the bytes of an earlier one for its repetition, and drops it: also when those rows were removed in
 * between, to be told again. Keys know what is a repetition. As a setting of an insert it has changed its name, as one of the table not.
 */
function withSettings(behind: string): string {
  const off = 'SETTINGS replicated_deduplication_window = 0'
  const given = /\bsettings\b/i.exec(behind)
  return given === null ? `${behind} ${off}` : `${behind.slice(0, given.index)}${off},${behind.slice(given.index + given[0].length)}`
}

function wayTo(table: string, { name, database }: Cluster): string {
  const local = localOf(table)
  return `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER ${quoted(name)} AS ${local} ENGINE = Distributed('${escaped(name)}', '${escaped(database)}', '${local}', ${SHARDING})`
}

/** What both tables have to know. A default or a codec stands on both; an index, a TTL, a mutation and a partition are of the rows. */
const OF_COLUMNS = /^(add|drop|modify|alter|rename|comment) column\b/i

function alterTable([head = '', table = '']: RegExpExecArray, text: string, { name }: Cluster): string[] {
  const rest = text.slice(head.length)
  const say = (one: string): string => `ALTER TABLE ${one} ON CLUSTER ${quoted(name)} ${rest}`
  if (!isSharded(table)) return [say(table)]
  const commands = commandsOf(rest)
  const ofColumns = commands.filter((one) => OF_COLUMNS.test(one))
  if (ofColumns.length === 0) return [say(localOf(table))]
  if (ofColumns.length < commands.length) throw refused(text, 'columns and other things are changed in one statement: make it two')
  // Nobody is sent to a column that is not there: a new one is first where the rows are, one that goes is last there.
  const isGoing = commands.every((one) => /^drop\b/i.test(one))
  return isGoing ? [say(table), say(localOf(table))] : [say(localOf(table)), say(table)]
}

function renameTables([head = '', ifExists = '']: RegExpExecArray, text: string, cluster: Cluster): string[] {
  const pairs = commandsOf(text.slice(head.length)).map((one) => new RegExp(`^${NAME}\\s+to\\s+${NAME}$`, 'i').exec(one)?.slice(1) ?? [])
  if (pairs.some(([from = '', to = '']) => from === '' || isSharded(from) !== isSharded(to))) {
    throw refused(text, 'a table that is sharded, `all_…`, and one that is not cannot have each other’s name')
  }
  const on = `ON CLUSTER ${quoted(cluster.name)}`
  const moved = pairs.map(([from = '', to = '']) => `${localOf(from)} TO ${localOf(to)}`).join(', ')
  const sharded = pairs.filter(([from = '']) => isSharded(from))
  return [
    `RENAME TABLE ${ifExists === '' ? '' : 'IF EXISTS '}${moved} ${on}`,
    ...sharded.map(([from = '']) => `DROP TABLE IF EXISTS ${from} ${on} SYNC`),
    ...sharded.map(([, to = '']) => wayTo(to, cluster)),
  ]
}

/** Parted by commas that stand in no brackets and in no text. */
function commandsOf(text: string): string[] {
  const parts = ['']
  let depth = 0
  for (const [token] of text.matchAll(/'(?:[^'\\]|\\.|'')*'|`[^`]*`|[()[\],]|[^'`()[\],]+/gs)) {
    if (token === '(' || token === '[') depth++
    if (token === ')' || token === ']') depth--
    if (token === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += token
  }
  return parts.map((one) => one.trim())
}

/** Behind the bracket that closes the first one. */
function closing(text: string): number {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/'(?:[^'\\]|\\.)*'|[()]/gs)) {
    if (token === '(') depth++
    if (token === ')' && --depth === 0) return index + 1
  }
  return text.length
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '')}\``
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(`'`, `\\'`)
}

function refused(sql: string, why: string): AppError {
  return new AppError('store-refused', `This statement cannot be run on a cluster, as ${why}: ${sql.slice(0, 80)}`, {
    help: 'Write it in one of the forms of src/store/cluster.ts, or add its form there.',
  })
}
