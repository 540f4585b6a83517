import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Build duration',
  question: 'How long does a build take?',
  definition: 'Median time from the start to the finish of a finished build, whether it passed or failed.',
  unit: 'seconds',
  better: 'lower',
  reducer: 'median',
  reads: ['builds'],
  needs: ['builds'],
  rows: `
SELECT
  at,
  if(status = 'sample', dateDiff('millisecond', assumeNotNull(started_at), assumeNotNull(finished_at)) / 1000, NULL) AS value,
  multiIf(outcome NOT IN ('success', 'failure'), 'listed', reason = '', 'sample', 'missing') AS status,
  multiIf(
    outcome NOT IN ('success', 'failure'), toString(outcome),
    started_at IS NULL, 'no_start',
    finished_at IS NULL, 'no_finish',
    started_at > finished_at, 'negative_duration',
    ''
  ) AS reason,
  'build' AS subject_type, id AS subject_id, title, url, service, repository, CAST(NULL, 'Nullable(String)') AS environment,
  'start_to_finish' AS method, source, raw_seq
FROM builds
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: false,
  caveats: [
    'The wait in the queue before the start is not part of it.',
    'A build whose start was not told is a gap (`no_start`), not a build that took no time.',
  ],
})
