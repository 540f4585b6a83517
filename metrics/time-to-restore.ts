import { defineMetric } from '../src/metric.ts'

export default defineMetric({
  title: 'Time to restore',
  question: 'How long do incidents last?',
  definition: 'Median time from the opening to the close of an incident, for incidents closed in the window.',
  unit: 'seconds',
  better: 'lower',
  reducer: 'median',
  reads: ['incidents', 'incident_links'],
  needs: ['incident_states'],
  rows: `
SELECT
  assumeNotNull(coalesce(i.closed_at, i.opened_at)) AS at,
  if(i.opened_at IS NULL OR i.closed_at IS NULL OR i.closed_at < i.opened_at, NULL, dateDiff('millisecond', assumeNotNull(i.opened_at), assumeNotNull(i.closed_at)) / 1000) AS value,
  multiIf(i.opened_at IS NULL, 'missing', i.closed_at IS NULL, 'censored', i.closed_at < i.opened_at, 'missing', 'sample') AS status,
  multiIf(i.opened_at IS NULL, 'no_opening', i.closed_at IS NULL, 'still_open', i.closed_at < i.opened_at, 'negative_duration', '') AS reason,
  'incident' AS subject_type, i.id AS subject_id, i.title AS title, i.url AS url, i.service AS service, i.repository AS repository, i.environment AS environment,
  if(l.rule IS NULL OR l.rule = '', 'unlinked', toString(l.rule)) AS method, i.source AS source, i.raw_seq AS raw_seq
FROM incidents AS i
LEFT JOIN incident_links AS l ON l.incident_id = i.id AND l.source = i.source
WHERE coalesce(i.closed_at, i.opened_at) >= {from:DateTime64(3)} AND coalesce(i.closed_at, i.opened_at) < {to:DateTime64(3)}`,
  levels: true,
  caveats: [
    'An incident counts in the window in which it closed; one that is still open is censored and listed in the window in which it opened.',
    'An incident that no rule could link to a deployment counts here and not in the change fail rate; its method says `unlinked`.',
  ],
})
