import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { releaseOf } from '../../domain/release-tag.ts'
import { release } from '../../domain/release.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Ask, type Raw } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { refList } from './graph-list.ts'
import { eachRepository } from './list.ts'
import { instantOf, later, repositoryRef, time } from './payload.ts'
import { loginOf, user } from './person.ts'
import { deploymentsOf, partOf, tagRules } from './rule.ts'

const releaseNode = z.looseObject({
  databaseId: z.number(),
  name: z.string().nullish(),
  tagName: z.string(),
  tagCommit: z.object({ oid: z.string() }).nullish(),
  createdAt: time,
  publishedAt: time.nullish(),
  updatedAt: time,
  isDraft: z.boolean(),
  isPrerelease: z.boolean(),
  author: user,
  url: z.string().nullish(),
})
export const releaseDeleted = z.object({ action: z.literal('deleted'), release: z.object({ id: z.number(), updated_at: time.nullish() }) })
export const releasePayload = z.union([z.object({ repository: repositoryRef, release: releaseNode }), releaseDeleted])

const RELEASE = 'databaseId name tagName tagCommit{oid} createdAt publishedAt updatedAt isDraft isPrerelease author{login} url'

export const pullReleases = (ask: Ask<Config>) =>
  eachRepository(ask, 'releases', (repository) => [
    refList(ask, repository, {
      of: 'releases',
      query: 'Releases',
      order: 'orderBy:{field:CREATED_AT,direction:DESC}',
      node: releaseNode,
      fields: RELEASE,
      entry: (release) => ({
        id: String(release.databaseId),
        at: utc(release.updatedAt),
        moment: later(release.createdAt, release.publishedAt),
        payload: { repository: refOf(repository), release },
      }),
    }),
  ])

export function releaseRows(payload: z.output<typeof releasePayload>, _raw: Raw, config: Config): DomainRows {
  if ('action' in payload) return { releases: [], deployments: [] }
  const { repository, release: one } = payload
  const published_at = one.isDraft ? null : instantOf(one.publishedAt)
  const facts = { revision: one.tagCommit?.oid ?? null, url: one.url ?? null }
  const isVersion = !one.isPrerelease && releaseOf(one.tagName, repository.full_name) !== null
  const service = partOf(one.tagName, repository.full_name)
  return {
    releases: [
      rowOf(release, {
        ...facts,
        id: String(one.databaseId),
        repository: repository.full_name,
        name: one.name || one.tagName,
        tag: one.tagName,
        published_at,
        is_prerelease: one.isPrerelease,
        is_draft: one.isDraft,
        author: loginOf(one.author),
      }),
    ],
    deployments:
      published_at === null
        ? []
        : deploymentsOf(
            tagRules(config, 'release', isVersion),
            { from: 'release', name: one.tagName, repository: repository.full_name, branch: one.tagName, service },
            {
              ...facts,
              id: `release:${one.databaseId}`,
              at: published_at,
              outcome: 'success',
              ref: `refs/tags/${one.tagName}`,
              version: one.tagName,
              title: one.name || one.tagName,
              actor: loginOf(one.author),
            },
          ),
  }
}
