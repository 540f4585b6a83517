import type { Deployment } from '../../domain/deployment.ts'

const OUTCOMES = new Map<string, Deployment['outcome']>([
  ['success', 'success'],
  ['failed', 'failure'],
  ['canceled', 'cancelled'],
  ['skipped', 'skipped'],
  ['manual', 'skipped'],
  ...[
    'created',
    'waiting_for_resource',
    'waiting_for_callback',
    'preparing',
    'pending',
    'running',
    'scheduled',
    'canceling',
    'blocked',
  ].map((status): [string, Deployment['outcome']] => [status, 'running']),
])

export const outcomeOf = (status: string) => OUTCOMES.get(status) ?? 'unknown'

/** Nobody and nothing has started it: no attempt yet, and perhaps never. */
export const UNSTARTED = new Set(['created', 'manual', 'scheduled'])

/** Of pipelines and jobs: no news before it runs. */
export const WAITING = new Set(['created', 'waiting_for_resource', 'preparing', 'pending', 'scheduled'])
