import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Build success rate',
  question: 'How many builds pass?',
  definition: 'Builds that succeeded ÷ builds that finished, each counted once at its own finish. A re-run is a build of its own.',
  unit: 'share',
  better: 'higher',
  reducer: 'share',
  reads: ['builds'],
  needs: ['builds'],
  rows: `
SELECT
  at,
  if(status = 'sample', toFloat64(outcome = 'success'), NULL) AS value,
  if(outcome IN ('success', 'failure'), 'sample', 'listed') AS status,
  if(status = 'sample', '', toString(outcome)) AS reason,
  'build' AS subject_type, id AS subject_id, title, url, service, repository, CAST(NULL, 'Nullable(String)') AS environment,
  toString(outcome) AS method, source, raw_seq
FROM builds
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: false,
  caveats: ['Cancelled, skipped and running builds are listed and do not count. A build that is unstable failed.'],
})
