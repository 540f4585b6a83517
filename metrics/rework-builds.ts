import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Rework builds',
  question: 'How many builds only build a commit again?',
  definition:
    'Finished builds beyond the first for a commit ÷ finished builds. The first is that of the same workflow, branch and commit in the 30 days before; a build that its tool calls a second or later attempt is one beyond the first, whatever stands before it.',
  unit: 'share',
  better: 'lower',
  reducer: 'share',
  reads: ['builds'],
  needs: ['builds'],
  rows: `
SELECT
  at,
  if(status = 'sample', toFloat64(attempt > 1 OR nth > 1), NULL) AS value,
  multiIf(reason = '', 'sample', reason = 'no_revision', 'missing', 'listed') AS status,
  multiIf(outcome NOT IN ('success', 'failure'), toString(outcome), scheduled, 'scheduled', revision IS NULL AND attempt = 1, 'no_revision', '') AS reason,
  'build' AS subject_type, id AS subject_id, title, url, service, repository, CAST(NULL, 'Nullable(String)') AS environment,
  multiIf(attempt > 1, 'attempt', nth > 1, 'same_commit', 'first') AS method, source, raw_seq
FROM (
  SELECT *, ifNull(trigger, '') = 'schedule' AS scheduled,
    row_number() OVER (
      PARTITION BY source, workflow, repository, service, ref, revision, scheduled, outcome IN ('success', 'failure') ORDER BY at, id
    ) AS nth
  FROM builds
  WHERE at >= {from:DateTime64(3)} - INTERVAL 30 DAY AND at < {to:DateTime64(3)}
)
WHERE at >= {from:DateTime64(3)}`,
  levels: false,
  caveats: [
    'Builds on a schedule build the same commit on purpose: they are listed and do not count.',
    'A build without a known commit is a gap (`no_revision`).',
  ],
})
