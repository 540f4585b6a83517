import { z } from 'zod'
import type { Candidate } from '../../domain/deployment-rule.ts'
import { releaseOf } from '../../domain/release-tag.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Raw } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { refList } from './graph-list.ts'
import { eachRepository } from './list.ts'
import { gitInstant, repositoryRef, time } from './payload.ts'
import { gitActor } from './person.ts'
import { deploymentsOf, partOf, tagRules } from './rule.ts'

const tagTarget = z.object({ oid: z.string(), committedDate: time.optional() })
const tagNode = z.looseObject({
  name: z.string(),
  target: z.looseObject({
    oid: z.string(),
    committedDate: time.optional(),
    tagger: gitActor,
    message: z.string().nullish(),
    target: tagTarget.optional(),
  }),
})
export const tagPayload = z.object({ repository: repositoryRef, tag: tagNode })

const NAMED_TAG =
  'name target{oid ...on Commit{committedDate} ...on Tag{message tagger{name email date} target{oid ...on Commit{committedDate}}}}'

export const pullTags = (ask: Ask<Config>) =>
  eachRepository(ask, 'tags', (repository) => [
    refList(ask, repository, {
      of: 'refs',
      query: 'Tags',
      order: 'refPrefix:"refs/tags/",orderBy:{field:TAG_COMMIT_DATE,direction:DESC}',
      node: tagNode,
      fields: NAMED_TAG,
      entry(tag) {
        const { name, target } = tag
        const moment = target.tagger?.date ?? target.committedDate ?? target.target?.committedDate ?? null
        const at = moment === null ? null : gitInstant(moment)
        return { id: `${repository.id}:${name}`, at, moment: at, payload: { repository: refOf(repository), tag } }
      },
    }),
  ])

export function tagRows(
  { repository: { id, full_name }, tag: { name, target } }: z.output<typeof tagPayload>,
  _raw: Raw,
  config: Config,
): DomainRows {
  const committed = target.committedDate ?? target.target?.committedDate
  const moment = target.tagger?.date ?? committed
  // A tag of a tree or a file is no release.
  if (moment === undefined || moment === null || committed === undefined) return { deployments: [] }
  const at = gitInstant(moment)
  const candidate: Candidate = { from: 'tag', name, repository: full_name, branch: name, service: partOf(name, full_name) }
  return {
    deployments: deploymentsOf(tagRules(config, 'tag', releaseOf(name, full_name) !== null), candidate, {
      id: `tag:${id}@${name}`,
      at,
      outcome: 'success',
      revision: target.target?.oid ?? target.oid,
      ref: `refs/tags/${name}`,
      version: name,
      title: target.message?.split('\n', 1)[0] || name,
      actor: target.tagger?.name ?? null,
    }),
  }
}
