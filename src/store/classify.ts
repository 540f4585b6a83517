import type { StepClass } from './dialect.ts'

/** What a statement looks like, in lower case, without comments, with single blanks; what that means; and whether only for tables that hold rows already. */
export interface StepRule {
  readonly shape: RegExp
  readonly risk: StepClass['risk']
  readonly because: string
  /** A table that the same plan makes is empty, and nobody uses it yet. */
  readonly unlessNew?: true
}

/** What every store loses in the same words. */
const LOSSY: readonly StepRule[] = [
  { shape: /^drop (table|database|schema)\b/, risk: 'lossy', because: 'a table goes, with its rows' },
  { shape: /^truncate\b/, risk: 'lossy', because: 'rows go' },
  { shape: /^delete from\b/, risk: 'lossy', because: 'rows go' },
  {
    shape:
      /^alter table\b.*\bdrop (column )?(if exists )?(?!(constraint|index|key|primary|foreign|check|default|not|expression|identity|projection|if)\b)/,
    risk: 'lossy',
    because: 'a column goes, with its values',
  },
]
const SAFE: StepClass = { risk: 'safe', because: 'reads and writes go on' }

/** The first rule that fits. `made` are the tables that earlier statements of the plan make. */
export function classifyBy(rules: readonly StepRule[]): (sql: string, made: ReadonlySet<string>) => StepClass {
  return (sql, made) => {
    const text = plain(sql)
    const table = tableOf(text)
    const isNew = table !== null && made.has(table)
    const found = [...LOSSY, ...rules].find((rule) => rule.shape.test(text) && !(isNew && rule.unlessNew === true))
    return found === undefined ? SAFE : { risk: found.risk, because: found.because }
  }
}

/** The table that a statement makes, or null. */
export function madeTable(sql: string): string | null {
  return /^create table (?:if not exists )?[`"]?(\w+)/.exec(plain(sql))?.[1] ?? null
}

function tableOf(text: string): string | null {
  return /^(?:alter table|update|create (?:unique )?index .*? on) (?:if exists |only )?[`"]?(\w+)/.exec(text)?.[1] ?? null
}

function plain(sql: string): string {
  return sql
    .replaceAll(/^\s*--.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase()
}
