import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Deployment rework rate',
  question: 'What share of our deployments only mends an earlier one?',
  definition:
    'Unplanned production attempts made to fix something ÷ finished production attempts. Unplanned when the emitter says so, or by rule: a rollback, a revert, a hotfix branch or title, or it recovers a failed attempt. (DORA guide, 2026-01.)',
  unit: 'share',
  better: 'lower',
  reducer: 'share',
  reads: ['attempts'],
  needs: ['deployments'],
  rows: `
SELECT
  at,
  if(outcome IN ('success', 'failure'), toFloat64(unplanned), NULL) AS value,
  if(outcome IN ('success', 'failure'), 'sample', 'listed') AS status,
  if(outcome IN ('success', 'failure'), '', toString(outcome)) AS reason,
  'deployment' AS subject_type, deployment_id AS subject_id, title, url, service, repository, environment,
  ifNull(unplanned_rule, 'planned') AS method, source, raw_seq
FROM attempts
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: false,
  caveats: ['No edition of DORA gives levels for it.', 'When the emitter says `unplanned: false`, no rule overrides it.'],
})
