import { z } from 'zod'
import { environmentIn } from '../../domain/environment.ts'
import { groupsOf } from '../../domain/pattern.ts'
import { baseOf } from '../../src/connector.ts'
import { type Config, PLACE } from './config.ts'
import { known, optional, words } from './payload.ts'

/** An annotation that is the whole application once more. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const metadata = z.object({ name: z.string().min(1), labels: words, annotations: words })
export const spec = z.object({ project: optional, destination: z.object({ namespace: optional }).nullish() })

export interface Application {
  readonly name: string
  readonly project: string
  readonly namespace: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export function readApplication(payload: { metadata: z.output<typeof metadata>; spec: z.output<typeof spec> }): Application {
  return {
    name: payload.metadata.name,
    project: known(payload.spec.project) ?? 'default',
    namespace: known(payload.spec.destination?.namespace),
    labels: payload.metadata.labels ?? {},
    annotations: payload.metadata.annotations ?? {},
  }
}

/** The sync's own id, in the tool and here: no two syncs of an application start at once. */
export const idOf = (application: Pick<Application, 'project' | 'name'>, started_at: string) =>
  `${application.project}/${application.name}@${started_at}`

function wordAt(
  places: readonly string[],
  group: string,
  application: Application,
  plain: (value: string) => string | null,
): string | null {
  for (const one of places) {
    const [, map, key, kind, search] = PLACE.exec(one) ?? []
    const value = map === undefined ? application[kind as 'name'] : application[map === 'label' ? 'labels' : 'annotations'][key ?? '']
    if (value === null || value === undefined || value === '') continue
    const word = kind === undefined ? value : search === undefined ? plain(value) : (groupsOf(search, value)?.[group] ?? null)
    if (word !== null && word !== '') return word
  }
  return null
}

export const serviceOf = (application: Application, config: Config) =>
  wordAt(config.service_from, 'service', application, (value) => value) ?? application.name

export const environmentOf = (application: Application, config: Config) =>
  wordAt(config.environment_from, 'environment', application, environmentIn) ?? config.environment

export const urlOf = ({ name }: Application, config: Config) => `${baseOf(config)}/applications/${encodeURIComponent(name)}`
