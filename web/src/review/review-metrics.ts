import type { DoraReply, MetricReply } from '../api/contract.ts'

/** The order in which a review goes: throughput, then stability, then how service was restored. */
const ORDER = [
  'deployment_frequency',
  'change_lead_time',
  'change_fail_rate',
  'failed_deployment_recovery_time',
  'deployment_rework_rate',
  'time_to_restore',
]

export function reviewMetrics(reply: DoraReply): MetricReply[] {
  return ORDER.flatMap((id) => reply.metrics[id] ?? [])
}
