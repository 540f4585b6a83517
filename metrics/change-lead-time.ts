import { defineMetric } from '../src/metric.ts'

/** What every sample is made from: commits that ancestry found, and deployments that only say when their change was committed. */
const SHIPPED = `
  SELECT deployed_at AS at, started_at, deployment_id, sha, title, service, repository, environment, toString(method) AS method, source, raw_seq, CAST(NULL, 'Nullable(String)') AS url, ifNull(change_id, sha) AS change
  FROM shipments WHERE deployed_at >= {from:DateTime64(3)} AND deployed_at < {to:DateTime64(3)}
  UNION ALL
  SELECT at, commit_at, deployment_id, ifNull(revision, deployment_id), title, service, repository, environment, ifNull(lead_method, 'unknown'), source, raw_seq, url, deployment_id
  FROM attempts
  WHERE outcome = 'success' AND (lead_method IS NULL OR lead_method = 'event') AND at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`

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
  SHIPPED,
)

/** The oldest commit of each group stands for it. */
const perGroup = (subjectType: string, key: string) =>
  sampled(
    subjectType,
    'subject',
    `SELECT any(s.at) AS at, if(countIf(s.started_at IS NULL) = count(), NULL, min(s.started_at)) AS started_at, any(s.${key}) AS subject, argMin(s.title, s.started_at) AS title,
    any(s.url) AS url, s.service AS service, any(s.repository) AS repository, s.environment AS environment, any(s.method) AS method, any(s.source) AS source,
    argMin(s.raw_seq, s.started_at) AS raw_seq
  FROM (${SHIPPED}) AS s GROUP BY s.environment, s.service, s.deployment_id, s.${key}`,
  )
const perChange = perGroup("'change'", 'change')
const perDeployment = perGroup("'deployment'", 'deployment_id')

export default defineMetric({
  title: 'Change lead time',
  question: 'How long does a change take from commit to running in production?',
  definition:
    'Median time from commit to the first successful production deployment whose revision contains it: one sample per commit (default), per change or per deployment (its oldest commit). By ancestry where the commit graph is known, else by the emitter’s `commit_at`. Start is the author date, or the committer date when that is earlier. (DORA guide, 2026-01.)',
  unit: 'seconds',
  better: 'lower',
  reducer: 'median',
  reads: ['shipments', 'attempts'],
  needs: ['deployments'],
  rows: perCommit,
  bases: { default: 'commit', rows: { commit: perCommit, change: perChange, deployment: perDeployment } },
  levels: true,
  caveats: [
    'Merge commits are no samples. The first deployment of a service ships only its own commit, not the years before it.',
    'A deployment without a known commit is a gap (`no_commit`); a commit dated after its deployment is a gap (`negative_duration`), not a zero.',
    'A commit that reached the branch without a pull request is a change of its own.',
  ],
})
