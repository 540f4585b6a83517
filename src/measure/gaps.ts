import { z } from 'zod'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { withRelations } from './relations.ts'

const example = z.object({
  id: z.string(),
  title: z.string().nullable(),
  url: z.string().nullable(),
  at: z.string(),
  service: z.string().nullable(),
  repository: z.string().nullable(),
  source: z.string(),
})
const item = example.extend({ of_all: z.coerce.number() })

/** What the figures do not know, each thing with its number, its examples and what would mend it. */
export const gap = z.object({
  code: z.string(),
  count: z.number().int(),
  text: z.string(),
  remedy: z.string(),
  items: z.array(example),
})
export type Gap = z.infer<typeof gap>
const EXAMPLES = 10

/** Each statement gives the newest examples, and in `of_all` how many there are. */
const list = (name: string, reads: Parameters<typeof withRelations>[0], select: string) =>
  statement({
    name: `gaps.${name}`,
    sql: `${withRelations(reads)}
SELECT id, title, url, at, service, repository, source, count() OVER () AS of_all FROM (${select}) ORDER BY at DESC, id LIMIT ${EXAMPLES}`,
    row: item,
  })

const IN_WINDOW = 'at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}'
const SUCCESSES = `FROM attempts WHERE environment = 'production' AND outcome = 'success' AND ${IN_WINDOW} AND lead_method IS NULL`

const GAPS: readonly { code: string; text(count: number): string; remedy: string; rows: ReturnType<typeof list> }[] = [
  {
    code: 'deployment_without_revision',
    text: (n) =>
      `${counted(n, 'successful production deployment does', 'successful production deployments do')} not say which commit was shipped, so there is no lead time`,
    remedy: 'Send `git_sha` with the deployment, or `commit_at`; for images, a rule that reads the commit from the tag.',
    rows: list(
      'deployment_without_revision',
      ['attempts'],
      `SELECT deployment_id AS id, title, url, at, service, repository, source ${SUCCESSES} AND revision IS NULL`,
    ),
  },
  {
    code: 'deployment_of_unknown_commit',
    text: (n) =>
      `${counted(n, 'successful production deployment names', 'successful production deployments name')} a commit that no connected repository holds`,
    remedy: 'Connect the repository that the commit is of, or send `commit_at` with the deployment.',
    rows: list(
      'deployment_of_unknown_commit',
      ['attempts'],
      `SELECT deployment_id AS id, title, url, at, service, repository, source ${SUCCESSES} AND revision IS NOT NULL`,
    ),
  },
  {
    code: 'commit_never_deployed',
    text: (n) =>
      `${counted(n, 'commit that is', 'commits that are')} older than a week never reached production, while others of the repository did`,
    remedy: 'Not yet released, or released by something that Fairlead does not see: connect it, or add a rule to the source.',
    rows: list(
      'commit_never_deployed',
      ['commits', 'changes', 'shipments'],
      `SELECT sha AS id, subject AS title, CAST(NULL, 'Nullable(String)') AS url, committed_at AS at, CAST(NULL, 'Nullable(String)') AS service, toNullable(repository) AS repository, source
      FROM commits
      WHERE committed_at >= {from:DateTime64(3)} AND committed_at < {to:DateTime64(3)} - INTERVAL 7 DAY AND length(parents) < 2
        AND repository IN (SELECT DISTINCT repository FROM shipments)
        AND (repository, sha) NOT IN (SELECT repository, sha FROM shipments)
        -- For a squash commit and the copies of a rebase, the commits of their change have shipped.
        AND (repository, sha) NOT IN (SELECT repository, assumeNotNull(merge_sha) FROM changes WHERE merge_sha IS NOT NULL AND (repository, id) IN (SELECT repository, assumeNotNull(change_id) FROM shipments WHERE method = 'change' AND change_id IS NOT NULL))
        AND (repository, substringUTF8(subject, 1, 60), authored_at) NOT IN (SELECT repository, substringUTF8(title, 1, 60), started_at FROM shipments WHERE method = 'change')
        AND committed_at > (SELECT min(deployed_at) FROM shipments)`,
    ),
  },
  {
    code: 'incident_without_service',
    text: (n) => `${counted(n, 'incident does', 'incidents do')} not say of which service`,
    remedy: 'Send `service`, or map the tool’s service in the settings of its source.',
    rows: list(
      'incident_without_service',
      ['incidents'],
      `SELECT id, title, url, assumeNotNull(coalesce(opened_at, closed_at)) AS at, toNullable(service) AS service, repository, source FROM incidents
      WHERE service IS NULL AND ${IN_WINDOW}`,
    ),
  },
  {
    code: 'incident_without_deployment',
    text: (n) =>
      `${counted(n, 'incident', 'incidents')} of a known service could be laid to no deployment: counted in the time to restore, not in the change fail rate`,
    remedy: 'Send `deployment_id` or `git_sha` with the incident; without them the deployment must be at most 24 hours old.',
    rows: list(
      'incident_without_deployment',
      ['incidents', 'incident_links'],
      `SELECT i.id AS id, i.title AS title, i.url AS url, assumeNotNull(i.opened_at) AS at, toNullable(i.service) AS service, i.repository AS repository, i.source AS source
      FROM incidents AS i LEFT ANTI JOIN incident_links AS l ON l.incident_id = i.id AND l.source = i.source
      WHERE i.service IS NOT NULL AND i.opened_at IS NOT NULL AND i.opened_at >= {from:DateTime64(3)} AND i.opened_at < {to:DateTime64(3)}`,
    ),
  },
  {
    code: 'run_without_rule',
    text: (n) =>
      `${counted(n, 'workflow speaks', 'workflows speak')} of a deployment or a release by name, and no rule takes the runs for deployments`,
    remedy: 'Add a rule to the source; `fairlead sources preview` shows what it would match.',
    rows: list(
      'run_without_rule',
      ['builds', 'deployments'],
      `SELECT any(b.id) AS id, concat(toString(workflow), ', ', toString(count()), if(count() = 1, ' run', ' runs')) AS title, any(url) AS url, max(b.at) AS at, CAST(NULL, 'Nullable(String)') AS service, repository, source
      FROM builds AS b
      WHERE b.at >= {from:DateTime64(3)} AND b.at < {to:DateTime64(3)} AND match(lower(workflow), 'deploy|release|publish|rollout|promote')
        AND (b.source, b.id) NOT IN (SELECT source, assumeNotNull(build_id) FROM deployments WHERE build_id IS NOT NULL)
      GROUP BY workflow, repository, source`,
    ),
  },
  {
    code: 'environment_unknown',
    text: (n) =>
      `${counted(n, 'name of an environment is', 'names of environments are')} not known, so the deployments there count as \`other\``,
    remedy: 'Say which tier each is: `fairlead names set environment NAME production`.',
    rows: list(
      'environment_unknown',
      ['deployments'],
      `SELECT toString(environment_name) AS id, concat(toString(count()), if(count() = 1, ' deployment', ' deployments')) AS title, CAST(NULL, 'Nullable(String)') AS url, max(d.at) AS at, any(toNullable(d.service)) AS service, any(d.repository) AS repository, source
      FROM deployments AS d WHERE environment = 'other' AND lower(environment_name) != 'other' AND d.at >= {from:DateTime64(3)} AND d.at < {to:DateTime64(3)} GROUP BY environment_name, source`,
    ),
  },
]

/** `3 incidents do`, `1 incident does`. */
function counted(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${many}`
}

/** The data-gap report of a window: only what is there, the largest first. */
export async function findGaps(analytics: Analytics, org: string, window: { from: string; to: string }): Promise<Gap[]> {
  const found: Gap[] = []
  for (const { code, text, remedy, rows } of GAPS) {
    const items = await analytics.read(rows, { org, from: window.from, to: window.to })
    const count = items[0]?.of_all ?? 0
    if (count > 0) found.push({ code, count, text: text(count), remedy, items: items.map(({ of_all: _all, ...one }) => one) })
  }
  return found.sort((a, b) => b.count - a.count)
}
