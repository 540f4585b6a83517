import { RELATIONS, type RelationName } from '../metric.ts'

/**
 * What metric SQL may read, by name: each is the physical table narrowed to {org:UUID}, newest row per key. They stand in front of the
 * metric's SQL as common table expressions, so a metric that forgets its tenant cannot be written.
 */
const narrow = (table: string) => `SELECT * EXCEPT (org_id, is_deleted) FROM all_${table} FINAL WHERE org_id = {org:UUID}`

/** Read together from several rows; every other relation is a table. */
type Composed = 'incidents'

const RELATION_SQL: Record<RelationName, string> = {
  ...(Object.fromEntries(RELATIONS.map((name) => [name, narrow(name)])) as Record<Exclude<RelationName, Composed>, string>),
  // Opened, acknowledged and closed arrive apart and in any order; this reads them together. `closed_at` is null while it is open.
  incidents: `SELECT
    source, id,
    minIf(s.at, s.state = 'opened') AS opened_or_epoch,
    if(countIf(s.state = 'opened') = 0, NULL, opened_or_epoch) AS opened_at,
    if(countIf(s.state = 'acknowledged') = 0, NULL, minIf(s.at, s.state = 'acknowledged')) AS acknowledged_at,
    if(countIf(s.state = 'closed') = 0, NULL, maxIf(s.at, s.state = 'closed')) AS closed_at,
    anyIf(s.raw_seq, s.state = 'opened') AS opened_raw_seq,
    max(s.raw_seq) AS raw_seq,
    -- Where two of them differ the opening's word counts, in whatever order they came; a null says nothing.
    argMin(s.service, (s.state != 'opened', s.at)) AS service,
    argMin(s.environment, (s.state != 'opened', s.at)) AS environment,
    argMin(s.repository, (s.state != 'opened', s.at)) AS repository,
    argMin(s.severity, (s.state != 'opened', s.at)) AS severity,
    argMin(s.title, (s.state != 'opened', s.at)) AS title,
    argMin(s.url, (s.state != 'opened', s.at)) AS url,
    argMin(s.deployment_id, (s.state != 'opened', s.at)) AS deployment_id,
    argMin(s.revision, (s.state != 'opened', s.at)) AS revision
  FROM all_incident_states AS s FINAL WHERE s.org_id = {org:UUID} GROUP BY source, id`,
}

/** `WITH` clause for the relations named; every statement that uses it takes the parameter {org:UUID}. */
export function withRelations(names: readonly RelationName[]): string {
  return `WITH ${names.map((name) => `${name} AS (${RELATION_SQL[name]})`).join(',\n')}`
}
