/** What a statement is, to a server that is told it. Only as much as the proxy needs: not a parser of SQL. */

export const YUGABYTE_VERSION = 'PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu'

/** The statements of a text, without comments and without what stands in quotes. */
export function statementsOf(text: string): string[] {
  const bare = text
    .replace(/\/\*[\s\S]*?\*\/|--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$/g, (found) =>
      found.startsWith('/*') || found.startsWith('--') ? ' ' : `''`,
    )
    .toLowerCase()
  return bare
    .split(';')
    .map((each) => each.trim().replace(/\s+/g, ' '))
    .filter((each) => each !== '')
}

/** Not in any transaction, and in no state of the server's configuration. */
const NEVER: readonly [RegExp, string][] = [
  [/\bpg_(try_)?advisory_\w+/, 'advisory locks'],
  [/^lock\b/, 'LOCK TABLE'],
  [/^(listen|unlisten|notify)\b|\bpg_notify\b/, 'LISTEN, NOTIFY and UNLISTEN'],
  [/^(prepare transaction|commit prepared|rollback prepared)\b/, 'prepared transactions'],
  [/\binherits ?\(/, 'inheritance of tables'],
  [/\bexclude using\b/, 'exclusion constraints'],
  [/\bdeferrable\b/, 'deferrable constraints'],
  [/\busing gist\b/, 'GiST indexes'],
  [/\bgenerated always as ?\([\s\S]*\) stored\b/, 'stored generated columns'],
  [/^alter type\b/, 'ALTER TYPE'],
  // What follows stands in its list of differences or in its issues (12656, 12270, 737, 6514), and was let through before.
  [/^cluster\b/, 'CLUSTER'],
  [/^reindex\b/, 'REINDEX'],
  [/^drop index concurrently\b/, 'DROP INDEX CONCURRENTLY'],
  [/\bwhere current of\b/, 'WHERE CURRENT OF'],
  [/^(move\b|fetch (prior|first|last|absolute|relative|backward)\b)/, 'cursors that go other ways than forward'],
  [/^set constraints\b/, 'deferrable constraints'],
  [/^create (default )?conversion\b|^create access method\b/, 'conversions and access methods'],
  [/\busing gin ?\([^)]*(,|\bdesc\b)/, 'GIN indexes over several columns, or descending'],
  [/^create schema\b.*\b(create|grant)\b/, 'CREATE SCHEMA with what stands in it'],
  [/\b(xmlparse|xmlelement|xmlforest|xmlagg|xpath|xpath_exists|query_to_xml|table_to_xml) ?\(/, 'XML functions'],
]

export function refusalOf(statement: string, ddlBefore: number, inTransaction: boolean): string | null {
  const never = NEVER.find(([pattern]) => pattern.test(statement))
  if (never !== undefined) return `${never[1]} are not supported`
  if (inTransaction && /^(create|drop|reindex)\b.*\bconcurrently\b/.test(statement)) return 'CONCURRENTLY is not supported in a transaction'
  // YugabyteDB would do it, and commit each by itself: who relies on a rollback has lost already, so it is refused here.
  if (isDdl(statement) && ddlBefore > 0) return 'more than one DDL statement in a transaction is not supported'
  return null
}

export function isDdl(statement: string): boolean {
  return /^(create|alter|drop|truncate|comment|grant|revoke|reindex)\b/.test(statement)
}

/** Begins or ends a transaction, so that what was counted in it is over. */
export function isBoundary(statement: string): boolean {
  return /^(begin|start transaction|commit|end|rollback|abort)\b(?! to\b)/.test(statement)
}

/** What the cluster may give up on: whatever reads or writes what it keeps. */
export function mayConflict(statement: string): boolean {
  return /^(select|insert|update|delete|with|create|alter|drop|commit|end)\b/.test(statement)
}
