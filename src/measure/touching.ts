import { z } from 'zod'
import { globToRegex } from '../../domain/path-glob.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { withRelations } from './relations.ts'

/** What touches the paths of one service; null where the files are not known. */
export interface Touching {
  commit(sha: string): boolean | null
  change(id: string): boolean | null
}

/** So many patterns are matched in one pass over the files of a repository. */
const SERVICES_PER_PASS = 50

const rowOfHits = (name: string) => z.object({ [name]: z.string(), hits: z.array(z.coerce.number()) })

/** Patterns of one service as one expression that the engine's `match` and RE2 read alike. */
export function patternOf(globs: readonly string[]): string {
  return globs.map(globToRegex).join('|')
}

/** Which commits and changes of a repository touch which pattern: a pass or two over its files, however many services there are. */
export async function readTouching(
  analytics: Analytics,
  org: string,
  repository: string,
  patterns: readonly string[],
): Promise<Map<string, Touching>> {
  const found = new Map<string, Touching>()
  for (let start = 0; start < patterns.length; start += SERVICES_PER_PASS) {
    const some = patterns.slice(start, start + SERVICES_PER_PASS)
    const params = { org, repository, ...Object.fromEntries(some.map((pattern, index) => [`p${index}`, pattern])) }
    const commits = await analytics.readAsWriter(commitHits(some.length), params)
    const changes = await analytics.readAsWriter(changeHits(some.length), params)
    const byCommit = hitsBy(commits, 'sha', some.length)
    const byChange = hitsBy(changes, 'change_id', some.length)
    some.forEach((pattern, index) =>
      found.set(pattern, {
        commit: (sha) => (byCommit.all.has(sha) ? (byCommit.of[index] as Set<string>).has(sha) : null),
        change: (id) => (byChange.all.has(id) ? (byChange.of[index] as Set<string>).has(id) : null),
      }),
    )
  }
  return found
}

/** A commit of which git says that it changed no file touches nothing; one without files otherwise is not known. */
const commitHits = (count: number) =>
  statement({
    name: 'derive.touching_commits',
    sql: `${withRelations(['commits', 'commit_files'])}
SELECT sha, groupUniqArrayArray(found) AS hits FROM (
  SELECT sha, arrayFilter(i -> i >= 0, [${tests(count, (p) => `match(path, ${p}) OR match(ifNull(previous_path, ''), ${p})`)}]) AS found
  FROM commit_files WHERE repository = {repository:String}
) GROUP BY sha
UNION ALL
SELECT sha, CAST([], 'Array(Int16)') AS hits FROM commits WHERE repository = {repository:String} AND files_changed = 0`,
    row: rowOfHits('sha'),
  })

const changeHits = (count: number) =>
  statement({
    name: 'derive.touching_changes',
    sql: `${withRelations(['change_files'])}
SELECT change_id, arrayFilter(i -> i >= 0, [${tests(count, (p) => `arrayExists(path -> match(path, ${p}), paths)`)}]) AS hits
FROM change_files WHERE repository = {repository:String}`,
    row: rowOfHits('change_id'),
  })

function tests(count: number, test: (parameter: string) => string): string {
  return Array.from({ length: count }, (_, index) => `if(${test(`{p${index}:String}`)}, toInt16(${index}), toInt16(-1))`).join(', ')
}

function hitsBy(rows: readonly Record<string, unknown>[], name: string, count: number) {
  const all = new Set<string>()
  const of = Array.from({ length: count }, () => new Set<string>())
  for (const row of rows) {
    all.add(row[name] as string)
    for (const hit of row['hits'] as number[]) of[hit]?.add(row[name] as string)
  }
  return { all, of }
}
