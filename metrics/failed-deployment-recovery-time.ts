import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Failed deployment recovery time',
  question: 'When a deployment goes wrong, how long until production is well again?',
  definition:
    'Median time from the finish of a failed production attempt to its recovery: the earliest of the next successful deployment of the same service and environment, the end of the rollback that undoes it, the close of its linked incident. (DORA guide, 2026-01.)',
  unit: 'seconds',
  better: 'lower',
  reducer: 'median',
  reads: ['attempts'],
  needs: ['deployments'],
  rows: `
SELECT
  at,
  if(recovered_at IS NULL, NULL, dateDiff('millisecond', at, assumeNotNull(recovered_at)) / 1000) AS value,
  if(recovered_at IS NULL, 'censored', 'sample') AS status,
  if(recovered_at IS NULL, 'unrecovered', '') AS reason,
  'deployment' AS subject_type, deployment_id AS subject_id, title, url, service, repository, environment,
  ifNull(recovery_rule, 'unrecovered') AS method, source, raw_seq
FROM attempts
WHERE failed AND at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: true,
  caveats: ['A failure that has not recovered yet is censored: it is listed and counted apart, never as 0.'],
})
