import { z } from 'zod'
import { OWNED_KINDS, type OwnershipRule } from '../../domain/ownership.ts'
import { noRow, statement } from '../store/statement.ts'

export const ORIGINS = ['hand', 'file', 'provider'] as const
export type Origin = (typeof ORIGINS)[number]

export interface Team {
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly parent: string | null
  readonly origin: Origin
  readonly source: string | null
}

/** A rule of a team, as it is kept. */
export interface Mapping extends OwnershipRule {
  readonly id: string
  readonly origin: Origin
}

export const listTeams = statement({
  name: 'teams.list',
  sql: 'SELECT slug, name, description, parent, origin, source FROM teams WHERE org_id = {org:uuid} ORDER BY slug',
  row: z.object({
    slug: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    parent: z.string().nullable(),
    origin: z.enum(ORIGINS),
    source: z.string().nullable(),
  }),
})
export const listMappings = statement({
  name: 'teams.mappings',
  sql: 'SELECT id, team, kind, pattern, precedence, origin FROM team_mappings WHERE org_id = {org:uuid} ORDER BY team, kind, pattern',
  row: z.object({
    id: z.string(),
    team: z.string(),
    kind: z.enum(OWNED_KINDS),
    pattern: z.string(),
    precedence: z.number().int(),
    origin: z.enum(ORIGINS),
  }),
})
/** Many at once: an array of JSON. */
export const saveTeams = statement({
  name: 'teams.save_all',
  sql: `INSERT INTO teams (org_id, slug, name, description, parent, origin, source, created_at)
SELECT {org:uuid}, r.slug, r.name, r.description, r.parent, r.origin, r.source, {now:timestamptz}
FROM jsonb_to_recordset({rows:jsonb}) AS r(slug text, name text, description text, parent text, origin text, source text)
ON CONFLICT (org_id, slug) DO UPDATE SET name = excluded.name, description = excluded.description, parent = excluded.parent,
  origin = excluded.origin, source = excluded.source`,
  row: noRow,
})
/** What stood below it stands below what was above it. */
export const liftChildren = statement({
  name: 'teams.lift_children',
  sql: 'UPDATE teams SET parent = {parent:text} WHERE org_id = {org:uuid} AND parent = {slug:text}',
  row: noRow,
})
export const removeTeams = statement({
  name: 'teams.remove',
  sql: 'DELETE FROM teams WHERE org_id = {org:uuid} AND slug = ANY({slugs:text[]})',
  row: noRow,
})

/** Many at once: an array of JSON. */
export const saveMappings = statement({
  name: 'teams.own_all',
  sql: `INSERT INTO team_mappings (id, org_id, team, kind, pattern, precedence, origin, created_at)
SELECT r.id, {org:uuid}, r.team, r.kind, r.pattern, r.precedence, r.origin, {now:timestamptz}
FROM jsonb_to_recordset({rows:jsonb}) AS r(id uuid, team text, kind text, pattern text, precedence integer, origin text)
ON CONFLICT (org_id, team, kind, pattern) DO UPDATE SET precedence = excluded.precedence, origin = excluded.origin
RETURNING id`,
  row: z.object({ id: z.string() }),
})
export const removeMappings = statement({
  name: 'teams.disown_all',
  sql: 'DELETE FROM team_mappings WHERE org_id = {org:uuid} AND id = ANY({ids:uuid[]})',
  row: noRow,
})

const version = z.object({ version: z.coerce.number() })
/** Changes of one organization's teams wait for each other here: the row is held until the transaction ends. */
export const nextVersion = statement({
  name: 'teams.next_version',
  sql: `INSERT INTO team_sets (org_id, version) VALUES ({org:uuid}, 1)
ON CONFLICT (org_id) DO UPDATE SET version = team_sets.version + 1 RETURNING version`,
  row: version,
})
export const raiseVersion = statement({
  name: 'teams.raise_version',
  sql: `INSERT INTO team_sets (org_id, version) VALUES ({org:uuid}, {version:bigint})
ON CONFLICT (org_id) DO UPDATE SET version = greatest(team_sets.version, excluded.version)`,
  row: noRow,
})
export const holdVersion = statement({
  name: 'teams.hold_version',
  sql: 'SELECT version FROM team_sets WHERE org_id = {org:uuid} FOR UPDATE',
  row: version,
})
export const allVersions = statement({
  name: 'teams.all_versions',
  sql: `SELECT o.id AS org, coalesce(s.version, 0) AS version FROM organizations AS o LEFT JOIN team_sets AS s ON s.org_id = o.id`,
  row: version.extend({ org: z.string() }),
})
