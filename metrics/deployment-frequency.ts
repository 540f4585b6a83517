import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Deployment frequency',
  question: 'How often do we put a change into production?',
  definition:
    'Successful deployments to production per day: their count ÷ the days of the window. Days without a deployment count as days. (DORA guide, 2026-01.)',
  unit: 'per_day',
  better: 'higher',
  reducer: 'per_day',
  reads: ['attempts'],
  needs: ['deployments'],
  rows: `
SELECT
  at,
  if(outcome = 'success', 1., NULL) AS value,
  if(outcome = 'success', 'sample', 'listed') AS status,
  if(outcome = 'success', '', toString(outcome)) AS reason,
  'deployment' AS subject_type, deployment_id AS subject_id, title, url, service, repository, environment,
  'deployment' AS method, source, raw_seq
FROM attempts
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: true,
  caveats: [
    'Failed, cancelled and skipped attempts are listed and do not count.',
    'A window that begins before the first event of a source is partly covered; the gap says so, the divisor stays the whole window.',
  ],
})
