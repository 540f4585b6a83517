import { z } from 'zod'
import { isAnyFound } from '../../domain/pattern.ts'
import { pulled, type Ask, type Page } from '../../src/connector.ts'
import { walkChanged } from '../../src/paging.ts'
import { LAST_APPLIED, metadata, spec } from './application.ts'
import type { Config } from './config.ts'
import { known, optional } from './payload.ts'

export const API = '/api/v1/applications'

/** The few fields by which the list of applications tells what changed; the list knows no history and no operation. */
const FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.labels',
  'metadata.annotations',
  'spec.destination',
  'spec.project',
  'status.health',
  'status.operationState.phase',
  'status.operationState.startedAt',
  'status.operationState.finishedAt',
]

/** An application as it is listed. */
export const listedPayload = z.object({
  metadata: metadata.extend({ namespace: optional }),
  spec,
  status: z
    .object({
      health: z.object({ status: optional, message: optional, lastTransitionTime: optional }).nullish(),
      operationState: z.object({ phase: optional, startedAt: optional, finishedAt: optional }).nullish(),
    })
    .nullish(),
})
export type Listed = z.output<typeof listedPayload>

const listed = z.object({ items: z.array(listedPayload).nullish() })

export const keyOf = ({ metadata: { namespace, name } }: Listed) => `${namespace ?? ''}/${name}`

export const isWanted = ({ applications, exclude, projects }: Config, name: string, project: string | null) =>
  (projects.length === 0 || project === null || projects.includes(project)) &&
  (applications.length === 0 || isAnyFound(applications, name)) &&
  !isAnyFound(exclude, name)

/** The applications by project. One request, and no page: Argo CD has none. */
export async function listByProject({ http, config }: Ask<Config>): Promise<Map<string, Listed[]>> {
  const { body } = await http.get(API, { query: { fields: FIELDS.map((field) => `items.${field}`).join() } })
  const projects = new Map<string, Listed[]>()
  for (const one of listed.parse(body).items ?? []) {
    const project = known(one.spec.project) ?? 'default'
    if (!isWanted(config, one.metadata.name, project)) continue
    const list = projects.get(project) ?? []
    list.push(one)
    projects.set(project, list)
  }
  for (const one of projects.values()) one.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return new Map([...projects].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The applications themselves, of which nothing is counted, when they are new or changed. */
export async function* pullApplications(ask: Ask<Config>): AsyncGenerator<Page> {
  const all = [...(await listByProject(ask))].flatMap(([project, applications]) =>
    applications.map((one) => {
      const { [LAST_APPLIED]: _, ...annotations } = one.metadata.annotations ?? {}
      return pulled(`${project}/${keyOf(one)}`, null, { ...one, metadata: { ...one.metadata, annotations } } satisfies Listed)
    }),
  )
  yield* walkChanged(ask, 'applications', all)
}
