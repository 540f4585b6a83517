import { defineMetric, overAttempts } from '../src/metric.ts'

export default defineMetric({
  title: 'Deployment rework rate',
  question: 'What share of our deployments only mends an earlier one?',
  definition:
    'Unplanned production attempts made to fix something ÷ finished production attempts. Unplanned when the emitter says so, or by rule: a rollback, a revert, a hotfix branch or title, or it recovers a failed attempt. (DORA guide, 2026-01.)',
  unit: 'share',
  better: 'lower',
  reducer: 'share',
  reads: ['attempts'],
  needs: ['deployments'],
  ...overAttempts({
    sample: "outcome IN ('success', 'failure')",
    value: 'unplanned',
    otherwise: { status: 'listed', reason: 'toString(outcome)' },
    method: "ifNull(unplanned_rule, 'planned')",
  }),
  levels: false,
  caveats: ['No edition of DORA gives levels for it.', 'When the emitter says `unplanned: false`, no rule overrides it.'],
})
