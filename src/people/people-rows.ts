import { z } from 'zod'
import { IDENTITY_ORIGINS, identitySchema } from '../../domain/person.ts'
import { noRow, statement } from '../store/statement.ts'

const person = z.object({ id: z.string(), name: z.string(), name_origin: z.enum(['made', 'seen', 'hand']), is_bot: z.boolean() })
export type PersonRow = z.infer<typeof person>
const mapping = identitySchema.extend({
  person_id: z.string(),
  origin: z.enum(IDENTITY_ORIGINS),
  display: z.string().nullable(),
  last_seen: z.string().nullable(),
  merged_from: z.array(z.string()),
})
export type MappingRow = z.infer<typeof mapping>
const MAPPING = 'i.kind, i.provider, i.value, i.person_id, i.origin, i.display, i.last_seen, i.merged_from'
const SAME = 'i.kind = r.kind AND i.provider = r.provider AND i.value = r.value'
/** Many rows in one parameter: an array of JSON. */
const identities = `jsonb_to_recordset({rows:jsonb}) AS r(kind text, provider text, value text)`

/** Changes of one organization's people wait for each other here: the row is held until the transaction ends. */
export const holdPeople = statement({
  name: 'people.hold',
  sql: `INSERT INTO people_sets (org_id, seq) VALUES ({org:uuid}, 0)
ON CONFLICT (org_id) DO UPDATE SET seq = people_sets.seq RETURNING seq, whole_at`,
  row: z.object({ seq: z.coerce.number(), whole_at: z.string().nullable() }),
})
export const readMark = statement({
  name: 'people.mark',
  sql: 'SELECT seq, whole_at FROM people_sets WHERE org_id = {org:uuid}',
  row: z.object({ seq: z.coerce.number(), whole_at: z.string().nullable() }),
})
export const saveMark = statement({
  name: 'people.save_mark',
  sql: `UPDATE people_sets SET seq = {seq:bigint}, whole_at = coalesce({whole_at:timestamptz}, whole_at) WHERE org_id = {org:uuid}`,
  row: noRow,
})
export const mappingsOf = statement({
  name: 'people.mappings_of',
  sql: `SELECT ${MAPPING} FROM identity_mappings AS i JOIN ${identities} ON ${SAME} WHERE i.org_id = {org:uuid}`,
  row: mapping,
})
export const mappingsOfPeople = statement({
  name: 'people.identities',
  sql: `SELECT ${MAPPING} FROM identity_mappings AS i WHERE i.org_id = {org:uuid} AND i.person_id = ANY({ids:uuid[]})
ORDER BY i.kind, i.provider, i.value`,
  row: mapping,
})
export const insertPeople = statement({
  name: 'people.insert',
  sql: `INSERT INTO people (org_id, id, name, name_origin, is_bot, bot_origin, created_at)
SELECT {org:uuid}, r.id, r.name, r.name_origin, r.is_bot, 'seen', {now:timestamptz}
FROM jsonb_to_recordset({rows:jsonb}) AS r(id uuid, name text, name_origin text, is_bot boolean)`,
  row: noRow,
})
/** An identity that is known keeps its person; when and under which name it was seen is noted. */
export const noteSeen = statement({
  name: 'people.note_seen',
  sql: `INSERT INTO identity_mappings (org_id, kind, provider, value, person_id, origin, display, first_seen, last_seen)
SELECT {org:uuid}, r.kind, r.provider, r.value, r.person_id, {origin:text}, r.display, r.first_seen, r.last_seen
FROM jsonb_to_recordset({rows:jsonb})
  AS r(kind text, provider text, value text, person_id uuid, display text, first_seen timestamptz, last_seen timestamptz)
ON CONFLICT (org_id, kind, provider, value) DO UPDATE SET
  first_seen = least(identity_mappings.first_seen, excluded.first_seen),
  last_seen = greatest(identity_mappings.last_seen, excluded.last_seen),
  display = CASE WHEN identity_mappings.last_seen > excluded.last_seen THEN coalesce(identity_mappings.display, excluded.display)
    ELSE coalesce(excluded.display, identity_mappings.display) END`,
  row: noRow,
})
/** What is seen of somebody who is known: a name where there was none, and that it is a program. What a person said stays. */
export const noteKnown = statement({
  name: 'people.note_known',
  sql: `UPDATE people AS p SET
  name = CASE WHEN p.name_origin = 'made' AND r.is_seen THEN r.name ELSE p.name END,
  name_origin = CASE WHEN p.name_origin = 'made' AND r.is_seen THEN 'seen' ELSE p.name_origin END,
  is_bot = CASE WHEN p.bot_origin = 'seen' THEN p.is_bot OR r.is_bot ELSE p.is_bot END
FROM jsonb_to_recordset({rows:jsonb}) AS r(id uuid, name text, is_seen boolean, is_bot boolean)
WHERE p.org_id = {org:uuid} AND p.id = r.id
  AND ((p.name_origin = 'made' AND r.is_seen) OR (p.bot_origin = 'seen' AND r.is_bot AND NOT p.is_bot))`,
  row: noRow,
})
export const pageOfPeople = statement({
  name: 'people.page',
  sql: `SELECT p.id, p.name, p.name_origin, p.is_bot FROM people AS p
WHERE p.org_id = {org:uuid} AND p.merged_into IS NULL
  AND ({q:text} IS NULL OR position(lower({q:text}) IN lower(p.name)) > 0 OR EXISTS (
    SELECT 1 FROM identity_mappings AS i
    WHERE i.org_id = p.org_id AND i.person_id = p.id AND position(lower({q:text}) IN lower(i.value)) > 0))
  AND ({after_name:text} IS NULL OR (p.name, p.id) > ({after_name:text}, {after_id:uuid}))
ORDER BY p.name, p.id LIMIT {limit:integer}`,
  row: person,
})
export const findPeople = statement({
  name: 'people.find',
  sql: `SELECT id, name, name_origin, is_bot FROM people WHERE org_id = {org:uuid} AND merged_into IS NULL AND id = ANY({ids:uuid[]})`,
  row: person,
})
export const savePerson = statement({
  name: 'people.save',
  sql: `UPDATE people SET name = coalesce({name:text}, name), name_origin = CASE WHEN {name:text} IS NULL THEN name_origin ELSE {name_origin:text} END,
  is_bot = coalesce({is_bot:boolean}, is_bot), bot_origin = CASE WHEN {is_bot:boolean} IS NULL THEN bot_origin ELSE 'hand' END
WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
/** Names that were seen: an array of JSON. */
export const saveNames = statement({
  name: 'people.save_names',
  sql: `UPDATE people AS p SET name = r.name, name_origin = r.name_origin
FROM jsonb_to_recordset({rows:jsonb}) AS r(id uuid, name text, name_origin text) WHERE p.org_id = {org:uuid} AND p.id = r.id`,
  row: noRow,
})
export const setMerged = statement({
  name: 'people.set_merged',
  sql: `UPDATE people AS p SET merged_into = r.kept, merged_at = {now:timestamptz}
FROM jsonb_to_recordset({rows:jsonb}) AS r(gone uuid, kept uuid) WHERE p.org_id = {org:uuid} AND p.id = r.gone`,
  row: noRow,
})
export const undoMerged = statement({
  name: 'people.undo_merged',
  sql: 'UPDATE people SET merged_into = NULL, merged_at = NULL WHERE org_id = {org:uuid} AND id = {id:uuid}',
  row: noRow,
})
/** With the people whom they come from put on top, so that a split can give them back. */
export const moveMerged = statement({
  name: 'people.move_merged',
  sql: `UPDATE identity_mappings AS i SET person_id = r.kept, origin = {origin:text}, merged_from = array_append(i.merged_from, i.person_id)
FROM jsonb_to_recordset({rows:jsonb}) AS r(gone uuid, kept uuid) WHERE i.org_id = {org:uuid} AND i.person_id = r.gone`,
  row: noRow,
})
export const moveSplit = statement({
  name: 'people.move_split',
  sql: `UPDATE identity_mappings AS i SET person_id = {into:uuid}, origin = 'hand',
  merged_from = CASE WHEN {is_undo:boolean} THEN i.merged_from[1:cardinality(i.merged_from) - 1] ELSE '{}'::uuid[] END
FROM ${identities} WHERE i.org_id = {org:uuid} AND i.person_id = {id:uuid} AND ${SAME}`,
  row: noRow,
})
/** The row of somebody who was merged away into this person, and of whom nothing is left elsewhere. */
export const findMerged = statement({
  name: 'people.find_merged',
  sql: `SELECT p.id, p.name, p.name_origin, p.is_bot FROM people AS p
WHERE p.org_id = {org:uuid} AND p.id = {id:uuid} AND p.merged_into = {into:uuid}
  AND NOT EXISTS (SELECT 1 FROM identity_mappings AS i WHERE i.org_id = p.org_id AND i.person_id = p.id)`,
  row: person,
})
/** Those of people who were merged into them, too. */
export const currentTeams = statement({
  name: 'people.teams',
  sql: `WITH RECURSIVE falling (id, person_id) AS (
  SELECT id, id FROM people WHERE org_id = {org:uuid} AND id = ANY({ids:uuid[]})
  UNION ALL
  SELECT p.id, f.person_id FROM falling AS f JOIN people AS p ON p.org_id = {org:uuid} AND p.merged_into = f.id
)
SELECT DISTINCT f.person_id, m.team FROM falling AS f JOIN team_members AS m ON m.org_id = {org:uuid} AND m.person_id = f.id
WHERE (m.valid_from IS NULL OR m.valid_from <= {now:timestamptz}) AND (m.valid_to IS NULL OR m.valid_to > {now:timestamptz}) ORDER BY m.team`,
  row: z.object({ person_id: z.string(), team: z.string() }),
})
export const everybody = statement({
  name: 'people.everybody',
  sql: `SELECT p.id, p.name, p.name_origin, p.is_bot FROM people AS p WHERE p.org_id = {org:uuid} AND p.merged_into IS NULL`,
  row: person,
})
export const everyMapping = statement({
  name: 'people.every_mapping',
  sql: `SELECT ${MAPPING} FROM identity_mappings AS i WHERE i.org_id = {org:uuid} ORDER BY i.kind, i.provider, i.value`,
  row: mapping,
})
export const listDismissed = statement({
  name: 'people.dismissed',
  sql: 'SELECT id FROM suggestion_dismissals WHERE org_id = {org:uuid}',
  row: z.object({ id: z.string() }),
})
export const dismiss = statement({
  name: 'people.dismiss',
  sql: `INSERT INTO suggestion_dismissals (org_id, id, dismissed_at) VALUES ({org:uuid}, {id:text}, {now:timestamptz})
ON CONFLICT (org_id, id) DO NOTHING RETURNING id`,
  row: z.object({ id: z.string() }),
})
