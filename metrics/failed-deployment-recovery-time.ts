import { defineMetric, overAttempts } from '../src/metric.ts'

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
  ...overAttempts({
    among: 'failed',
    sample: 'recovered_at IS NOT NULL',
    value: "dateDiff('millisecond', at, assumeNotNull(recovered_at)) / 1000",
    otherwise: { status: 'censored', reason: 'unrecovered' },
    method: "ifNull(recovery_rule, 'unrecovered')",
  }),
  levels: true,
  caveats: ['A failure that has not recovered yet is censored: it is listed and counted apart, never as 0.'],
})
