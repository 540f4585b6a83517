import { z } from 'zod'
import { noRow, statement } from '../store/statement.ts'
import { ORIGINS } from './team-rows.ts'

/** A membership as it is kept; `person_id` is who they are now, `kept_as` whom it was given to, who may have been merged since. */
const member = z.object({
  id: z.string(),
  team: z.string(),
  person_id: z.string(),
  kept_as: z.string(),
  name: z.string(),
  role: z.string().nullable(),
  valid_from: z.string().nullable(),
  valid_to: z.string().nullable(),
  origin: z.enum(ORIGINS),
  source: z.string().nullable(),
})
export type MemberRow = z.infer<typeof member>

/** A merge writes nothing here: who was merged is looked up, so that a split gives back what was theirs. */
export const listMembers = statement({
  name: 'teams.members',
  sql: `WITH RECURSIVE rising (id, at) AS (
  SELECT DISTINCT m.person_id, m.person_id FROM team_members AS m WHERE m.org_id = {org:uuid} AND ({team:text} IS NULL OR m.team = {team:text})
  UNION ALL
  SELECT r.id, p.merged_into FROM rising AS r JOIN people AS p ON p.org_id = {org:uuid} AND p.id = r.at WHERE p.merged_into IS NOT NULL
)
SELECT m.id, m.team, p.id AS person_id, m.person_id AS kept_as, p.name, m.role, m.valid_from, m.valid_to, m.origin, m.source
FROM team_members AS m JOIN rising AS r ON r.id = m.person_id
  JOIN people AS p ON p.org_id = m.org_id AND p.id = r.at AND p.merged_into IS NULL
WHERE m.org_id = {org:uuid} AND ({team:text} IS NULL OR m.team = {team:text})
ORDER BY p.name, p.id, m.valid_from NULLS FIRST, m.id`,
  row: member,
})
export const changeMembers = statement({
  name: 'teams.change_members',
  sql: `UPDATE team_members AS m SET role = r.role, valid_to = r.valid_to, origin = r.origin, source = r.source
FROM jsonb_to_recordset({rows:jsonb}) AS r(id uuid, role text, valid_to timestamptz, origin text, source text)
WHERE m.org_id = {org:uuid} AND m.id = r.id`,
  row: noRow,
})
/** Many at once: an array of JSON. */
export const addMembers = statement({
  name: 'teams.add_members',
  sql: `INSERT INTO team_members (id, org_id, team, person_id, role, valid_from, valid_to, origin, source, created_at)
SELECT r.id, {org:uuid}, r.team, r.person_id, r.role, r.valid_from, r.valid_to, {origin:text}, {source:text}, {now:timestamptz}
FROM jsonb_to_recordset({rows:jsonb}) AS r(id uuid, team text, person_id uuid, role text, valid_from timestamptz, valid_to timestamptz)`,
  row: noRow,
})
/** At a moment; what begins only then never was. */
export const endMembers = statement({
  name: 'teams.end_members',
  sql: `WITH gone AS (
  DELETE FROM team_members WHERE org_id = {org:uuid} AND id = ANY({ids:uuid[]}) AND valid_from >= {at:timestamptz}
)
UPDATE team_members SET valid_to = {at:timestamptz}
WHERE org_id = {org:uuid} AND id = ANY({ids:uuid[]}) AND (valid_from IS NULL OR valid_from < {at:timestamptz})`,
  row: noRow,
})
