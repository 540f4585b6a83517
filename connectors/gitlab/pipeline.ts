import { z } from 'zod'
import { build } from '../../domain/build.ts'
import type { Candidate } from '../../domain/deployment-rule.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Pulled, type Raw } from '../../src/connector.ts'
import { each, find, momentOf, textOf, whole } from './api.ts'
import type { Config } from './config.ts'
import { either, id, type Item, maybe, orNull, part, place, when, words } from './payload.ts'
import { login, person } from './person.ts'
import { lists, pullLists, type Read, updated } from './project-list.ts'
import { contextOf, type Project } from './project.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import { outcomeOf, UNSTARTED } from './status.ts'

const pulledPipeline = z.object({
  id,
  iid: id.nullish(),
  project: place,
  name: words,
  ref: words,
  sha: words,
  source: words,
  status: z.string(),
  created_at: when,
  started_at: maybe,
  finished_at: maybe,
  user: person,
  web_url: words,
  title: words,
  /** Of a child: the pipeline that started it, and the job in which. */
  parent: id.nullish(),
  bridge: words,
})

type Pipeline = z.output<typeof pulledPipeline>

function pipelineIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const { project, user } = body
  const parent = part(body, 'source_pipeline')['pipeline_id']
  return { ...said, project, user, parent, title: part(body, 'commit')['title'], web_url: said['url'] }
}

export const pipelinePayload = either(pipelineIn, pulledPipeline)

export const pipelinePath = (one: Item, project: Project) => `/projects/${project.id}/pipelines/${String(one['id'])}`

/** Child pipelines are in a list of their own. */
export const pipelineLists = (read: Read) => [
  lists('pipelines', updated, read),
  lists('pipelines', (range) => ({ source: 'parent_pipeline', ...updated(range) }), read, { more: ' children' }),
]

/** The list tells neither when a pipeline started and finished nor who started it. */
async function readPipelines(ask: Ask<Config>, found: readonly Item[], project: Project): Promise<Pulled[]> {
  const parents = await parentsOf(
    ask,
    found.filter(({ source }) => source === 'parent_pipeline'),
    project,
  )
  return each(found, async (one) => {
    const answer = await find(ask, pipelinePath(one, project))
    const whole = { ...one, ...(answer?.body as Item | undefined), project: contextOf(project), ...parents.get(one['id']) }
    return pulled(String(one['id']), momentOf(whole, 'updated_at'), whole)
  })
}

/** A child pipeline does not tell its parent: of the earlier pipelines of the same commit, it is the one that has a bridge to it. */
async function parentsOf(ask: Ask<Config>, children: readonly Item[], project: Project): Promise<Map<unknown, Item>> {
  const parents = new Map<unknown, Item>()
  const path = `/projects/${project.id}/pipelines`
  for (const sha of new Set(children.map((child) => textOf(child, 'sha') ?? ''))) {
    const same = [...(await whole(ask, path, { sha })), ...(await whole(ask, path, { sha, source: 'parent_pipeline' }))]
    const candidates = same.map((one) => Number(one['id'])).sort((a, b) => b - a)
    const looked = new Set<number>()
    for (const child of children.filter((one) => textOf(one, 'sha') === sha)) {
      for (const candidate of candidates) {
        if (parents.has(child['id'])) break
        if (candidate >= Number(child['id']) || looked.has(candidate)) continue
        looked.add(candidate)
        for (const bridge of await whole(ask, `${path}/${candidate}/bridges`, {}))
          parents.set(part(bridge, 'downstream_pipeline')['id'], { parent: candidate, bridge: bridge['name'] })
      }
    }
  }
  return parents
}

export const pullPipelines = pullLists('pipelines', ...pipelineLists(readPipelines))

export const buildId = (pipeline: number) => `pipeline:${pipeline}`

const TRIGGERS = new Map([
  ['web', 'manual'],
  ['merge_request_event', 'pull_request'],
  ['external_pull_request_event', 'pull_request'],
])

export const triggerOf = (source: string | null | undefined) => TRIGGERS.get(source ?? '') ?? orNull(source)

/** What a merge request runs on is named like any branch of any fork: no rule for a branch may take it for that branch. */
export const branchFor = (trigger: string | null, ref: string | null | undefined) => (trigger === 'pull_request' ? null : orNull(ref))

export function pipelineRows(one: Pipeline, _raw: Raw, config: Config): DomainRows {
  const workflow = orNull(one.name) ?? orNull(one.bridge) ?? 'pipeline'
  const trigger = triggerOf(one.source)
  const at = one.finished_at ?? one.started_at ?? one.created_at
  const { path_with_namespace: repository } = one.project
  const told = {
    at,
    outcome: outcomeOf(one.status),
    revision: orNull(one.sha),
    started_at: one.started_at,
    finished_at: one.finished_at,
    title: orNull(one.title),
    url: orNull(one.web_url),
    actor: login(one.user),
  }
  const candidate: Candidate = { from: 'run', name: workflow, repository, branch: branchFor(trigger, one.ref), trigger }
  return {
    builds: [
      rowOf(build, {
        ...told,
        id: buildId(one.id),
        workflow,
        repository,
        ref: orNull(one.ref),
        trigger,
        number: one.iid,
        attempt: 1,
        parent_id: one.parent === undefined || one.parent === null ? null : buildId(one.parent),
        queued_at: one.created_at,
      }),
    ],
    deployments: UNSTARTED.has(one.status)
      ? []
      : deploymentsByRule(config.deployments, candidate, { ...told, id: buildId(one.id), build_id: buildId(one.id) }),
  }
}
