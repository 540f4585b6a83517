import { z } from 'zod'
import type { Candidate } from '../../domain/deployment-rule.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { each, find, momentOf, textOf } from './api.ts'
import type { Config } from './config.ts'
import { either, id, type Item, maybe, orNull, place, titled, when, words } from './payload.ts'
import { login, person } from './person.ts'
import { buildId } from './pipeline.ts'
import { lists, pullLists, updated } from './project-list.ts'
import { contextOf, type Project } from './project.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import { outcomeOf, UNSTARTED } from './status.ts'

const pulledDeployment = z.object({
  id,
  project: place,
  status: z.string(),
  ref: words,
  sha: words,
  updated_at: when,
  user: person,
  environment: z.object({ name: z.string().min(1) }),
  environment_tier: words,
  deployable: z
    .object({
      started_at: maybe,
      finished_at: maybe,
      tag: z.boolean().nullish(),
      user: person,
      commit: titled,
      pipeline: z.object({ id }).nullish(),
      web_url: words,
    })
    .nullish(),
})

type PulledDeployment = z.output<typeof pulledDeployment>

function deploymentIn(body: Item): Item {
  const { project, user, status, ref, environment_tier, deployable_id } = body
  // The whole commit stands in its address only.
  const [, sha] = /\/([0-9a-f]{40,64})$/.exec(String(body['commit_url'])) ?? []
  const made = { commit: { title: body['commit_title'] }, web_url: body['deployable_url'] }
  return {
    project,
    user,
    status,
    ref,
    environment_tier,
    id: body['deployment_id'],
    sha: sha ?? body['short_sha'],
    updated_at: body['status_changed_at'],
    environment: { name: body['environment'] },
    deployable: typeof deployable_id === 'number' ? made : null,
  }
}

export const deploymentPayload = either(deploymentIn, pulledDeployment)

/** The tier of an environment is told by the environment alone. Those of reviews are many, and development by GitLab's own rule. */
function tiers() {
  const known = new Map<unknown, Promise<string | null>>()
  return (ask: Ask<Config>, environment: Item | null | undefined, project: Project): Promise<string | null> => {
    const id = environment?.['id']
    if (typeof id !== 'number') return Promise.resolve(null)
    if (/^review\//i.test(textOf(environment ?? {}, 'name') ?? '')) return Promise.resolve('development')
    const asked =
      known.get(id) ??
      find(ask, `/projects/${project.id}/environments/${id}`).then((answer) =>
        answer === null ? null : textOf(answer.body as Item, 'tier'),
      )
    known.set(id, asked)
    return asked
  }
}

export async function* pullDeployments(ask: Ask<Config>): AsyncGenerator<Page> {
  const tierOfEnvironment = tiers()
  const deployments = lists(
    'deployments',
    // GitLab wants the order and the range by `updated_at` together.
    (range) => ({ ...updated(range), updated_after: range.since ?? '2000-01-01T00:00:00.000Z' }),
    (ask, found, project) =>
      each(found, async (one) =>
        pulled(String(one['id']), momentOf(one, 'updated_at'), {
          ...one,
          project: contextOf(project),
          environment_tier: await tierOfEnvironment(ask, one['environment'] as Item | null, project),
        }),
      ),
  )
  yield* pullLists('deployments', deployments)(ask)
}

export function deploymentRows(one: PulledDeployment, _raw: Raw, config: Config): DomainRows {
  if (UNSTARTED.has(one.status)) return {}
  const { deployable } = one
  const outcome = outcomeOf(one.status)
  const started_at = deployable?.started_at ?? null
  const finished_at = outcome === 'running' || outcome === 'unknown' ? null : (deployable?.finished_at ?? one.updated_at)
  const candidate: Candidate = {
    from: 'deployment',
    name: one.environment.name,
    repository: one.project.path_with_namespace,
    branch: orNull(one.ref),
    environment: one.environment.name,
  }
  return {
    deployments: deploymentsByRule(
      config.deployments,
      candidate,
      {
        id: `deployment:${one.id}`,
        at: finished_at ?? started_at ?? one.updated_at,
        outcome,
        started_at,
        finished_at,
        revision: orNull(one.sha),
        version: deployable?.tag === true ? orNull(one.ref) : null,
        title: orNull(deployable?.commit?.title),
        url: orNull(deployable?.web_url),
        // Who started a manual job is the job's user; the deployment's is who made the pipeline.
        actor: login(deployable?.user ?? one.user),
        build_id: deployable?.pipeline === undefined || deployable.pipeline === null ? null : buildId(deployable.pipeline.id),
      },
      orNull(one.environment_tier),
    ),
  }
}
