import { defineMetric, overAttempts } from '../src/metric.ts'

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
  ...overAttempts({
    sample: "outcome = 'success'",
    value: '1',
    otherwise: { status: 'listed', reason: 'toString(outcome)' },
    method: "'deployment'",
  }),
  levels: true,
  caveats: [
    'Failed, cancelled and skipped attempts are listed and do not count.',
    'A window that begins before the first event of a source is partly covered; the gap says so, the divisor stays the whole window.',
  ],
})
