import { z } from 'zod'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import { rowOf } from '../../domain/entity.ts'
import { release } from '../../domain/release.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Raw } from '../../src/connector.ts'
import type { Range } from '../../src/paging.ts'
import { earlier, momentOf } from './api.ts'
import type { Config } from './config.ts'
import { either, type Item, maybe, orNull, place, words } from './payload.ts'
import { login, person } from './person.ts'
import { lists, pullLists, told } from './project-list.ts'

const pulledRelease = z.object({
  tag_name: z.string().min(1),
  project: place,
  name: words,
  released_at: maybe,
  created_at: maybe,
  upcoming_release: z.boolean().nullish(),
  author: person,
  commit: z.object({ id: z.string() }).nullish(),
  _links: z.object({ self: words }).nullish(),
  action: words,
})

type PulledRelease = z.output<typeof pulledRelease>
const releaseIn = (body: Item): Item => ({ ...body, tag_name: body['tag'], _links: { self: body['url'] } })

export const releasePayload = either(releaseIn, pulledRelease)

/** The last of a page that is newest first is older than what can have news. */
export const isPast = (at: string | null | undefined, { since }: Range) =>
  since !== null && at !== null && at !== undefined && at < earlier(since, 90)

export const pullReleases = pullLists(
  'releases',
  lists(
    'releases',
    () => ({ order_by: 'released_at', sort: 'desc' }),
    told((one, project) => `${project.id}@${String(one['tag_name'])}`, 'released_at', 'created_at'),
    { stop: (found, range) => isPast(momentOf(found.at(-1) ?? {}, 'released_at'), range) },
  ),
)

export function releaseRows(one: PulledRelease, raw: Raw, config: Config): DomainRows {
  if (one.action === 'delete') return {}
  const { path_with_namespace: repository } = one.project
  const released = one.released_at ?? one.created_at
  const upcoming = one.upcoming_release ?? (released !== null && released > raw.received_at)
  const published_at = upcoming ? null : released
  const told = { revision: orNull(one.commit?.id), url: orNull(one._links?.self) }
  return {
    releases: [
      rowOf(release, {
        ...told,
        id: `${repository}@${one.tag_name}`,
        repository,
        name: orNull(one.name) ?? one.tag_name,
        tag: one.tag_name,
        published_at,
        is_prerelease: false,
        is_draft: false,
        author: login(one.author),
      }),
    ],
    deployments:
      published_at === null
        ? []
        : deploymentsByRule(
            config.deployments,
            { from: 'release', name: one.tag_name, repository, branch: one.tag_name },
            {
              ...told,
              id: `release:${repository}@${one.tag_name}`,
              at: published_at,
              finished_at: published_at,
              outcome: 'success',
              version: one.tag_name,
              title: orNull(one.name),
              actor: login(one.author),
            },
          ),
  }
}
