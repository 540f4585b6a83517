import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Quality gate pass rate',
  question: 'How often does a revision pass its quality gate?',
  definition: 'Quality gates that passed ÷ quality gates that were evaluated.',
  unit: 'share',
  better: 'higher',
  reducer: 'share',
  reads: ['checks'],
  needs: ['checks'],
  rows: `
SELECT
  at,
  if(status = 'sample', toFloat64(outcome = 'success'), NULL) AS value,
  if(outcome IN ('success', 'failure'), 'sample', 'listed') AS status,
  if(status = 'sample', '', toString(outcome)) AS reason,
  'check' AS subject_type, id AS subject_id, CAST(name, 'Nullable(String)') AS title, url, service, repository,
  CAST(NULL, 'Nullable(String)') AS environment, toString(kind) AS method, source, raw_seq
FROM checks
WHERE kind = 'quality_gate' AND at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  levels: false,
  caveats: ['A gate that was skipped or that gave no verdict is listed and does not count.'],
})
