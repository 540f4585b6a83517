import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Test flakiness',
  question: 'How many tests pass only when they are run again?',
  definition:
    'Flaky ÷ executed tests of a test run, the mean over all runs: a run counts once, however many tests it has. Executed are all that were not skipped; flaky are those that the runner reports as passed on a retry.',
  unit: 'share',
  better: 'lower',
  reducer: 'share',
  reads: ['checks'],
  needs: ['checks'],
  rows: `
SELECT
  at,
  if(status = 'sample', assumeNotNull(flaky) / executed, NULL) AS value,
  multiIf(outcome NOT IN ('success', 'failure'), 'listed', reason = '', 'sample', 'missing') AS status,
  multiIf(outcome NOT IN ('success', 'failure'), toString(outcome), flaky IS NULL, 'no_flaky_count', executed <= 0, 'no_tests', flaky > executed, 'more_flaky_than_executed', '') AS reason,
  'check' AS subject_type, id AS subject_id, CAST(name, 'Nullable(String)') AS title, url, service, repository,
  CAST(NULL, 'Nullable(String)') AS environment, 'reported' AS method, source, raw_seq
FROM (SELECT *, toInt64(ifNull(total, 0)) - toInt64(ifNull(skipped, 0)) AS executed FROM checks)
WHERE kind = 'tests' AND at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: false,
  caveats: [
    'Only what a runner reports as flaky is known: one that does not say is a gap (`no_flaky_count`), not a run without flaky tests.',
    'The interval is that of the share over runs, and so wide where runs are few.',
  ],
})
