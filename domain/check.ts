import { OUTCOMES } from './deployment.ts'
import { choice, count, entity, instant, number, text } from './entity.ts'

/** What judged a revision: a status check, a test run, a quality gate. */
export const check = entity(
  'checks',
  {
    id: text(),
    kind: choice(['check', 'tests', 'quality_gate', 'accessibility']),
    name: text(),
    at: instant(),
    outcome: choice(OUTCOMES),
    repository: text().nullable(),
    service: text().nullable(),
    revision: text().nullable(),
    build_id: text().nullable(),
    started_at: instant().nullable(),
    total: count().nullable(),
    passed: count().nullable(),
    failed: count().nullable(),
    skipped: count().nullable(),
    flaky: count().nullable(),
    coverage_percent: number().nullable(),
    url: text().nullable(),
  },
  ['id'],
)
