import { build, type Build } from '../../domain/build.ts'
import { check } from '../../domain/check.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { walkBuilds } from './build-walk.ts'
import { startOf } from './cause.ts'
import { codeOf } from './checkout.ts'
import type { Config } from './config.ts'
import { atOf, endOf, idOf, isRunning, momentOf, outcomeOf, type RunPayload, workflowOf } from './payload.ts'
import { deploymentsOf } from './rule.ts'

export async function* pullBuilds(ask: Ask<Config>): AsyncGenerator<Page> {
  yield* walkBuilds(ask, async ({ name, branch }, builds) => {
    return builds.map((one) => pulled(idOf({ name }, one), atOf(one), { job: { name, branch }, build: one } satisfies RunPayload))
  })
}

export function buildRows(run: RunPayload, _raw: Raw, config: Config): DomainRows {
  const { job, build: one } = run
  const code = codeOf(run, config)
  const start = startOf(run)
  const id = idOf(job, one)
  const started_at = momentOf(one.timestamp)
  if (started_at === null) throw new Error('the build has no start that can be read')
  const finished_at = endOf(one)
  const at = finished_at ?? started_at
  const outcome: Build['outcome'] = isRunning(one) ? 'running' : outcomeOf(one.result, config)
  const waited = (one.actions ?? []).find((two) => typeof two?.queuingDurationMillis === 'number')?.queuingDurationMillis
  const times = { started_at, finished_at }
  const tests = (one.actions ?? []).filter((two) => typeof two?.totalCount === 'number')
  const about = { repository: code.repository, revision: code.revision }
  return {
    builds: [
      rowOf(build, {
        id,
        workflow: workflowOf(job),
        at,
        outcome,
        ...about,
        service: code.service,
        ref: code.ref,
        ...start,
        number: one.number,
        queued_at: typeof waited === 'number' && waited >= 0 ? momentOf(one.timestamp - waited) : null,
        ...times,
        title: one.fullDisplayName,
        url: one.url,
      }),
    ],
    checks: tests.map((two, index) => {
      const [total, failed, skipped] = [two?.totalCount ?? 0, two?.failCount ?? 0, two?.skipCount ?? 0]
      return rowOf(check, {
        id: `${id}:${two?.urlName ?? 'testReport'}${index === 0 ? '' : `:${index}`}`,
        kind: 'tests',
        name: workflowOf(job),
        at,
        outcome: failed > 0 ? 'failure' : total > 0 ? 'success' : 'unknown',
        ...about,
        service: code.service,
        build_id: id,
        started_at,
        total,
        passed: Math.max(0, total - failed - skipped),
        failed,
        skipped,
        url: one.url ? `${one.url}${two?.urlName ?? 'testReport'}/` : null,
      })
    }),
    deployments: deploymentsOf({ from: 'run', name: workflowOf(job) }, run, code, start, config, {
      id,
      at,
      outcome,
      ...times,
      title: one.fullDisplayName,
      url: one.url,
      build_id: id,
    }),
  }
}
