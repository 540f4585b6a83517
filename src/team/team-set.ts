import { z } from 'zod'
import { lineageOf, regexOf, strongestFirst } from '../../domain/ownership.ts'
import type { Log } from '../log.ts'
import type { Analytics } from '../store/analytics.ts'
import { keepCopy, type KeptCopy } from '../store/kept-copy.ts'
import type { Semantic } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import { allVersions, holdVersion, listMappings, listTeams, raiseVersion } from './team-rows.ts'

/** Sets that a reader may just be using are left; older ones go now and then. */
const KEPT = 8
const TIDY_EVERY = 16

const copies = statement({
  name: 'teams.copies',
  sql: 'SELECT toString(org_id) AS org, max(version) AS version FROM all_teams GROUP BY org_id',
  row: z.object({ org: z.string(), version: z.coerce.number() }),
})

/** The copy of an organization's teams that figures are asked of: written as a whole after each change, under a number of its own. */
export function createTeamSet({ semantic, analytics, log }: { semantic: Semantic; analytics: Analytics; log: Log }): KeptCopy {
  const copy = async (org: string): Promise<void> => {
    const set = await semantic.transaction(async (tx) => {
      const held = await tx.one(holdVersion, { org })
      if (held === null) return null
      return { version: held.version, teams: await tx.query(listTeams, { org }), mappings: await tx.query(listMappings, { org }) }
    })
    if (set === null) return
    const { version } = set
    const parents = new Map(set.teams.map((team) => [team.slug, team.parent]))
    const rules = strongestFirst(set.mappings).map(({ kind, pattern, team }, place) => {
      return { org_id: org, version, place, kind, pattern, regex: regexOf(pattern) ?? '', team, lineage: lineageOf(parents, team) }
    })
    const teams = set.teams.map(({ slug, name }) => ({ org_id: org, version, slug, name, lineage: lineageOf(parents, slug) }))
    await analytics.insert('all_team_rules', ['org_id', 'version', 'place', 'kind', 'pattern', 'regex', 'team', 'lineage'], rules)
    const end = { org_id: org, version, slug: '', name: '', lineage: [] }
    await analytics.insert('all_teams', ['org_id', 'version', 'slug', 'name', 'lineage'], [end, ...teams])
    if (version % TIDY_EVERY !== 0) return
    for (const table of ['all_teams', 'all_team_rules'])
      await analytics.run(`ALTER TABLE ${table} DELETE WHERE org_id = '${org}' AND version < ${version - KEPT}`)
  }
  const mend = async (): Promise<void> => {
    const written = new Map((await analytics.readAsWriter(copies)).map((one) => [one.org, one.version]))
    for (const { org, version } of await semantic.query(allVersions)) {
      const copied = written.get(org) ?? 0
      if (copied === version) continue
      // A semantic store from a backup is older than the copy: what it says counts, under a number above.
      if (copied > version) await semantic.query(raiseVersion, { org, version: copied + 1 })
      await copy(org)
    }
  }
  return keepCopy({ log, event: 'teams.behind', bring: (org) => (org === null ? mend() : copy(org)) })
}
