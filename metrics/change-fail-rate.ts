import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Change fail rate',
  question: 'What share of our deployments goes wrong?',
  definition:
    'Finished production attempts that failed ÷ finished production attempts, each counted once at its own finish time. Failed: its outcome is failure, or a rollback undid it, or an incident is linked to it. (DORA guide, 2026-01.)',
  unit: 'share',
  better: 'lower',
  reducer: 'share',
  reads: ['attempts'],
  needs: ['deployments'],
  rows: `
SELECT
  at,
  if(outcome IN ('success', 'failure'), toFloat64(failed), NULL) AS value,
  if(outcome IN ('success', 'failure'), 'sample', 'listed') AS status,
  if(outcome IN ('success', 'failure'), '', toString(outcome)) AS reason,
  'deployment' AS subject_type, deployment_id AS subject_id, title, url, service, repository, environment,
  ifNull(failed_rule, 'not_failed') AS method, source, raw_seq
FROM attempts
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: true,
  caveats: [
    'An explicit rollback event is no attempt of its own; it marks the deployment that it undoes.',
    'For releases read from a git history, a later revert of something that a release shipped marks that release (rule `revert`).',
    'An incident that no rule could link does not count here; it stands under the gaps of time to restore.',
  ],
})
