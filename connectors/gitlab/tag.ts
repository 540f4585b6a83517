import { z } from 'zod'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { momentOf } from './api.ts'
import type { Config } from './config.ts'
import { type Item, maybe, orNull, place, words } from './payload.ts'
import { lists, pullLists } from './project-list.ts'
import { contextOf } from './project.ts'
import { isPast } from './release.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'

export const tagPayload = z.object({
  name: z.string().min(1),
  project: place,
  message: words,
  created_at: maybe,
  commit: z.object({ id: z.string(), committed_date: maybe, created_at: maybe, title: words }),
})

const dateOfTag = (one: Item) =>
  momentOf(one, 'created_at') ?? momentOf((one['commit'] as Item | null) ?? {}, 'committed_date', 'created_at')

const tagLists = lists(
  'repository/tags',
  () => ({ order_by: 'updated', sort: 'desc' }),
  async (_ask, found, project) =>
    found.map((one) => pulled(`${project.id}@${String(one['name'])}`, dateOfTag(one), { ...one, project: contextOf(project) })),
  { stop: (found, range) => isPast(dateOfTag(found.at(-1) ?? {}), range) },
)

/** Tags are of use as deployments only. */
export async function* pullTags(ask: Ask<Config>): AsyncGenerator<Page> {
  if (ask.config.deployments.some(({ from }) => from === 'tag')) yield* pullLists('tags', tagLists)(ask)
}

const taggedAt = ({ created_at, commit }: z.output<typeof tagPayload>) => created_at ?? commit.committed_date ?? commit.created_at

export function tagRows(one: z.output<typeof tagPayload>, _raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const at = taggedAt(one)
  if (at === null) return {}
  return {
    deployments: deploymentsByRule(
      config.deployments,
      { from: 'tag', name: one.name, repository, branch: one.name },
      {
        id: `tag:${repository}@${one.name}`,
        at,
        finished_at: at,
        outcome: 'success',
        revision: one.commit.id,
        version: one.name,
        title: orNull((one.message ?? '').split('\n', 1)[0]) ?? orNull(one.commit.title),
        url: one.project.web_url ? `${one.project.web_url}/-/tags/${encodeURIComponent(one.name)}` : null,
      },
    ),
  }
}
