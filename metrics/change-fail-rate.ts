import { defineMetric, overAttempts } from '../src/metric.ts'

export default defineMetric({
  title: 'Change fail rate',
  question: 'What share of our deployments goes wrong?',
  definition:
    'Finished production attempts that failed ÷ finished production attempts, each counted once at its own finish time. Failed: its outcome is failure, or a rollback undid it, or an incident is linked to it. (DORA guide, 2026-01.)',
  unit: 'share',
  better: 'lower',
  reducer: 'share',
  reads: ['attempts', 'incidents'],
  needs: ['deployments'],
  ...overAttempts({
    sample: "outcome IN ('success', 'failure')",
    value: 'failed',
    otherwise: { status: 'listed', reason: 'toString(outcome)' },
    method: "ifNull(failed_rule, 'not_failed')",
  }),
  variants: {
    incident_between_deploys: {
      title: 'Incident before the next deployment',
      definition:
        'Middleware’s reading: a successful deployment failed when an incident of its service opened after it and before the next successful deployment, however much later. Its own outcome and rollbacks do not count.',
      reducer: 'share',
      rows: `
SELECT
  a.at AS at, toFloat64(countIf(i.id != '') > 0) AS value, 'sample' AS status, '' AS reason,
  'deployment' AS subject_type, a.deployment_id AS subject_id, any(a.title) AS title, any(a.url) AS url, a.service AS service, any(a.repository) AS repository,
  a.environment AS environment, if(value = 1, 'incident', 'not_failed') AS method, any(a.source) AS source, any(a.raw_seq) AS raw_seq
FROM (
  SELECT *, leadInFrame(at, 1, toDateTime64('2299-01-01 00:00:00', 3, 'UTC')) OVER (PARTITION BY environment, service ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at
  FROM attempts WHERE outcome = 'success'
) AS a
LEFT JOIN (SELECT id, assumeNotNull(service) AS service, ifNull(environment, 'production') AS environment, assumeNotNull(opened_at) AS opened_at FROM incidents WHERE opened_at IS NOT NULL AND service IS NOT NULL) AS i
  ON i.service = a.service AND i.environment = a.environment AND i.opened_at >= a.at AND i.opened_at < a.next_at
WHERE a.at >= {from:DateTime64(3)} AND a.at < {to:DateTime64(3)}
GROUP BY a.environment, a.service, a.at, a.deployment_id`,
    },
  },
  levels: true,
  caveats: [
    'An explicit rollback event is no attempt of its own; it marks the deployment that it undoes.',
    'For releases read from a git history, a later revert of something that a release shipped marks that release (rule `revert`).',
    'An incident that no rule could link does not count here; it stands under the gaps of time to restore.',
  ],
})
