import { z } from 'zod'
import { openAudit, type Actor, type Audit } from '../src/account/audit.ts'
import { silentLog } from '../src/log.ts'
import { openPeople, type People } from '../src/people/people.ts'
import type { Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { openTeamDrift, type TeamDrift } from '../src/team/drift.ts'
import { openMembers, type Members } from '../src/team/members.ts'
import { openTeams, type Teams } from '../src/team/teams.ts'
import { openSemanticStore } from './semantic-store.ts'
import { openWorld, type World } from './world.ts'

/** People in a real PostgreSQL, found in what the real analytics engine holds. */
export interface PeopleStore {
  readonly world: World
  readonly semantic: Semantic
  readonly teams: Teams
  readonly people: People
  readonly members: Members
  readonly drift: TeamDrift
  readonly audit: Audit
  /** A new organization, whose sources are these connectors under their own names. */
  org(): Promise<string>
  actor(org: string): Actor
  /** What was told until now is in every read. */
  grow(): Promise<void>
  close(): Promise<void>
}

export async function openPeopleStore(): Promise<PeopleStore> {
  const { semantic, close } = await openSemanticStore()
  const world = await openWorld()
  const { analytics, clock } = world
  const audit = openAudit({ semantic, clock })
  const teams = openTeams({ semantic, analytics, clock, log: silentLog })
  let head = 0
  const tables = ['commits', 'changes', 'work_items'].map((table) => `SELECT max(raw_seq) AS seq FROM all_${table}`)
  const last = statement({
    name: 'test.last',
    sql: `SELECT max(seq) AS seq FROM (${tables.join(' UNION ALL ')})`,
    row: z.object({ seq: z.coerce.number() }),
  })
  const providersOf = async () => new Map([['told', 'github']])
  const people = openPeople({ semantic, analytics, clock, audit, head: () => head, providersOf })
  return {
    world,
    semantic,
    teams,
    people,
    members: openMembers({ semantic, clock, audit, teams, people }),
    drift: openTeamDrift({ semantic, analytics, clock, audit, teams, providersOf }),
    audit,
    async org() {
      const org = world.org()
      const sql = `INSERT INTO organizations (id, slug, name, created_at) VALUES ({org:uuid}, {org:text}, 'O', now())`
      await semantic.query(statement({ name: 'test.org', sql, row: noRow }), { org })
      return org
    },
    actor: (org) => ({ org, type: 'system', id: null, name: 'test', address: null, agent: null }),
    async grow() {
      head = (await analytics.read(last))[0]?.seq ?? 0
    },
    async close() {
      await teams.set.stop()
      await world.close()
      await close()
    },
  }
}
