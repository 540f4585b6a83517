import { defineMetric } from '../src/metric.ts'

const IN_WINDOW = 'deployed_at >= {from:DateTime64(3)} AND deployed_at < {to:DateTime64(3)}'

/** Deployments that only say when their change was committed, and those of which not even that is known. */
const UNATTRIBUTED = `
  SELECT at, commit_at, deployment_id, ifNull(revision, deployment_id), title, service, repository, environment, ifNull(lead_method, 'unknown'), source, raw_seq, url, deployment_id
  FROM attempts
  WHERE outcome = 'success' AND (lead_method IS NULL OR lead_method = 'event') AND at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`

/** What every sample is made from: commits that ancestry or changes found, and the other deployments. */
const shipped = (among: string) => `
  SELECT deployed_at AS at, started_at, deployment_id, sha, title, service, repository, environment, toString(method) AS method, source, raw_seq, CAST(NULL, 'Nullable(String)') AS url, ifNull(change_id, sha) AS change
  FROM shipments WHERE ${among}
  UNION ALL ${UNATTRIBUTED}`

const sampled = (subjectType: string, subject: string, from: string) => `
SELECT
  at,
  if(started_at IS NULL OR started_at > at, NULL, dateDiff('millisecond', assumeNotNull(started_at), at) / 1000) AS value,
  multiIf(started_at IS NULL, 'missing', started_at > at, 'missing', 'sample') AS status,
  multiIf(started_at IS NULL, 'no_commit', started_at > at, 'negative_duration', '') AS reason,
  ${subjectType} AS subject_type, ${subject} AS subject_id, title, url, service, repository, environment, method, source, raw_seq
FROM (${from})`

const perCommit = sampled(
  "if(method IN ('ancestry', 'change'), 'commit', 'deployment')",
  "if(method IN ('ancestry', 'change'), sha, deployment_id)",
  shipped(IN_WINDOW),
)

/** The oldest commit of each deployment stands for it. */
const perDeployment = sampled(
  "'deployment'",
  'deployment_id',
  `SELECT any(s.at) AS at, if(countIf(s.started_at IS NULL) = count(), NULL, min(s.started_at)) AS started_at, s.deployment_id AS deployment_id, argMin(s.title, s.started_at) AS title,
    any(s.url) AS url, s.service AS service, any(s.repository) AS repository, s.environment AS environment, any(s.method) AS method, any(s.source) AS source,
    argMin(s.raw_seq, s.started_at) AS raw_seq
  FROM (${shipped(IN_WINDOW)}) AS s GROUP BY s.environment, s.service, s.deployment_id`,
)

/**
 * One row a change, service and environment: from its first commit to the deployment of its last. Commits that shipped before the window,
 * or after it, belong to it too.
 */
const CHANGES = `
  SELECT max(s.at) AS at, if(countIf(s.started_at IS NULL) = count(), NULL, min(s.started_at)) AS started_at, s.change AS change,
    if(any(c.id) IS NULL, argMin(s.title, s.started_at), any(c.title)) AS title, if(any(c.id) IS NULL, any(s.url), any(c.url)) AS url,
    s.service AS service, s.repository AS repository, s.environment AS environment, min(s.method) AS method, any(s.source) AS source,
    argMin(s.raw_seq, s.started_at) AS raw_seq, any(c.merged_at) AS merged_at
  FROM (${shipped(`(${IN_WINDOW}) OR (repository, change_id) IN (SELECT repository, change_id FROM shipments WHERE change_id IS NOT NULL AND ${IN_WINDOW})`)}) AS s
  LEFT JOIN changes AS c ON c.repository = s.repository AND c.id = s.change
  GROUP BY s.environment, s.service, s.repository, s.change
  HAVING at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`
const perChange = sampled("'change'", 'change', CHANGES)

const mergeToDeploy = sampled(
  "'change'",
  'change',
  `SELECT at, merged_at AS started_at, change, title, url, service, repository, environment, method, source, raw_seq
  FROM (${CHANGES}) WHERE merged_at IS NOT NULL`,
)

export default defineMetric({
  title: 'Change lead time',
  question: 'How long does a change take from commit to running in production?',
  definition:
    'Median time from commit to the first successful production deployment whose revision contains it: one sample per commit (default), per change (its first commit) or per deployment (its oldest commit). By ancestry where the commit graph is known, through the change that carried the commit where a merge squashed or rebased it or no graph is known, else by the emitter’s `commit_at`. Start is the author date, or the committer date when that is earlier. (DORA guide, 2026-01.)',
  unit: 'seconds',
  better: 'lower',
  reducer: 'median',
  reads: ['shipments', 'attempts', 'changes'],
  needs: ['deployments'],
  rows: perCommit,
  bases: { default: 'commit', rows: { commit: perCommit, change: perChange, deployment: perDeployment } },
  variants: {
    merge_to_deploy: {
      title: 'Merge to deployment',
      definition: 'GitLab’s reading: median time from the merge of a change to its deployment, over the merged changes that were deployed.',
      reducer: 'median',
      rows: mergeToDeploy,
    },
  },
  levels: true,
  caveats: [
    'Merge commits are no samples, nor are the commits that a squash or rebase merge made: the commits of the change are. The first deployment of a service ships only its own commit, not the years before it.',
    'A deployment without a known commit is a gap (`no_commit`); a commit dated after its deployment is a gap (`negative_duration`), not a zero.',
    'A commit that reached the branch without a pull request is a change of its own.',
  ],
})
