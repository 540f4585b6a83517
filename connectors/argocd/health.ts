import { z } from 'zod'
import { tierOf } from '../../domain/environment.ts'
import { incidentStates } from '../../domain/incident-state.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Pulled, type Raw } from '../../src/connector.ts'
import { readCursor } from '../../src/paging.ts'
import { keyOf, listByProject } from './application-list.ts'
import { environmentOf, idOf, metadata, readApplication, serviceOf, spec, urlOf } from './application.ts'
import type { Config } from './config.ts'
import { known, moment, optional } from './payload.ts'

export const healthPayload = z.object({
  metadata,
  spec,
  health: z.object({ message: optional }),
  degraded_at: z.iso.datetime({ precision: 3 }),
  healthy_at: z.iso.datetime({ precision: 3 }).nullable(),
})

type HealthPayload = z.output<typeof healthPayload>

/** The applications that were degraded when the last pull ended, with the moment at which they became so. */
const healthCursor = z.object({ degraded: z.record(z.string(), z.object({ at: z.string(), message: optional })) })

/** Argo CD tells the health of now and since when; from one pull to the next that makes an episode with a beginning and an end. */
export async function* pullHealth(ask: Ask<Config>): AsyncGenerator<Page> {
  const degraded = readCursor(healthCursor, ask.cursor)?.degraded ?? {}
  let done = 0
  for (const applications of (await listByProject(ask)).values()) {
    const items: Pulled[] = []
    for (const one of applications) {
      const { status, message, lastTransitionTime } = one.status?.health ?? {}
      const since = moment(lastTransitionTime)
      const begun = degraded[keyOf(one)]
      if (since === null || (begun === undefined ? status !== 'Degraded' : status !== 'Healthy')) continue
      const { name, labels, annotations } = one.metadata
      const { at: degraded_at, message: why } = begun ?? { at: since, message }
      const healthy_at = begun === undefined ? null : since
      if (healthy_at === null) degraded[keyOf(one)] = { at: degraded_at, message: why }
      else delete degraded[keyOf(one)]
      const payload = { metadata: { name, labels, annotations }, spec: one.spec, health: { message: why }, degraded_at, healthy_at }
      const id = idOf({ name, project: known(one.spec.project) ?? 'default' }, degraded_at)
      items.push(pulled(id, healthy_at ?? degraded_at, payload satisfies HealthPayload))
    }
    done += applications.length
    ask.progress(done, null, 'applications')
    yield { items, cursor: JSON.stringify({ degraded } satisfies z.output<typeof healthCursor>) }
  }
}

export function healthRows(payload: HealthPayload, _raw: Raw, config: Config): DomainRows {
  if (!config.health_incidents) return { incident_states: [] }
  const application = readApplication(payload)
  const environment = environmentOf(application, config)
  const told = {
    id: `health:${idOf(application, payload.degraded_at)}`,
    service: serviceOf(application, config),
    environment: tierOf(environment),
    environment_name: environment,
    title: [`${application.name} is degraded`, known(payload.health.message)]
      .filter((one) => one !== null)
      .join(': ')
      .slice(0, 500),
    url: urlOf(application, config),
  }
  return { incident_states: incidentStates(told, payload.degraded_at, payload.healthy_at) }
}
