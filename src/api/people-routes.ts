import { z } from '@hono/zod-openapi'
import { IDENTITY_KINDS, IDENTITY_ORIGINS } from '../../domain/person.ts'
import { line } from '../../domain/pattern.ts'
import { AppError } from '../errors.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const identity = z.object({ kind: z.enum(IDENTITY_KINDS), provider: z.string().max(100).default(''), value: z.string().min(1).max(300) })
const identityReply = z.object({
  kind: z.enum(IDENTITY_KINDS),
  provider: z.string().openapi({ description: 'The tool of a login; empty for an e-mail and a name.' }),
  value: z.string(),
  origin: z.enum(IDENTITY_ORIGINS),
})
const personReply = z.object({
  id: z.string(),
  name: z.string(),
  is_bot: z.boolean(),
  identities: z.array(identityReply),
  teams: z.array(z.string()).openapi({ description: 'The teams that they are in now.' }),
  last_seen_at: z.string().nullable(),
})
const SUGGESTION = /^[0-9a-f-]{36}~[0-9a-f-]{36}$/
export type PersonReply = z.infer<typeof personReply>

/** Who people are, and under which e-mails and logins. */
export function peopleRoutes({ people }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/people',
      summary: 'People, and the e-mails and logins that are theirs',
      right: 'read',
      query: z
        .object({
          q: z.string().trim().min(1).max(300).optional().openapi({ description: 'A part of a name, an e-mail or a login.' }),
          after: z.string().max(1_000).optional(),
          limit: z.coerce.number().int().min(1).max(1_000).default(100),
        })
        .strict(),
      replies: { 200: { description: 'A page, by name.', schema: z.object({ items: z.array(personReply), next: z.string().nullable() }) } },
      async handle({ principal, query: { q, after, limit } }) {
        await people.refresh(principal.org)
        const rows = await people.page(principal.org, { q, after: after === undefined ? undefined : placeOf(after), limit: limit + 1 })
        const items = rows.slice(0, limit)
        const last = items.at(-1)
        return { items, next: rows.length > limit && last !== undefined ? `${last.id}~${last.name}` : null }
      },
    }),
    route({
      method: 'get',
      path: '/v1/people/suggestions',
      summary: 'Who may be one person, and why; nothing of it is done by itself',
      right: 'read',
      query: z.object({ after: z.string().max(200).optional(), limit: z.coerce.number().int().min(1).max(1_000).default(100) }).strict(),
      replies: {
        200: {
          description: 'A page, the strongest first.',
          schema: z.object({
            items: z.array(
              z.object({
                id: z.string(),
                people: z.array(personReply.pick({ id: true, name: true, identities: true })),
                score: z.number().openapi({ description: 'Between 0 and 1: how strongly it speaks for one person. No probability.' }),
                reason: z.string(),
              }),
            ),
            next: z.string().nullable(),
          }),
        },
      },
      async handle({ principal, query: { after, limit } }) {
        await people.refresh(principal.org)
        const { suggestions, person } = await people.suggestions(principal.org)
        const place = after === undefined ? null : suggestionPlace(after)
        const rest = suggestions.filter(
          ({ score, id }) => place === null || score < place.score || (score === place.score && id > place.id),
        )
        const items = rest.slice(0, limit).map((one) => ({ ...one, people: one.people.map(person) }))
        const last = items.at(-1)
        return { items, next: rest.length > limit && last !== undefined ? `${last.score}~${last.id}` : null }
      },
    }),
    route({
      method: 'post',
      path: '/v1/people/suggestions/dismiss',
      summary: 'Two people are two: it is not suggested again',
      right: 'admin',
      body: z.object({ id: z.string().regex(SUGGESTION, 'is the id of a suggestion') }).strict(),
      replies: { 200: { description: 'Whether it was not dismissed before.', schema: z.object({ dismissed: z.boolean() }) } },
      handle: async ({ principal, actor, body }) => ({ dismissed: await people.dismiss(actor, principal.org, body.id) }),
    }),
    route({
      method: 'post',
      path: '/v1/people/mailmap',
      summary: 'Make one person of the addresses that a `.mailmap` says are one; again it changes nothing',
      right: 'admin',
      body: z.object({ text: z.string().max(1_000_000), dry_run: z.boolean().default(false) }).strict(),
      replies: {
        200: { description: 'What it changes, or with `dry_run` would change.', schema: z.object({ changes: z.array(z.string()) }) },
      },
      handle: async ({ principal, actor, body }) => ({
        changes: [...(await people.importMailmap(actor, principal.org, body.text, body.dry_run))],
      }),
    }),
    route({
      method: 'post',
      path: '/v1/people/merge',
      summary: 'Several people are one: what is known of `from` is of `into`',
      right: 'admin',
      body: z.object({ into: z.uuid(), from: z.array(z.uuid()).min(1).max(100) }).strict(),
      replies: { 200: { description: 'The one person.', schema: personReply } },
      handle: ({ principal, actor, body }) => people.merge(actor, principal.org, body.into, body.from),
    }),
    route({
      method: 'post',
      path: '/v1/people/split',
      summary: 'Some identities of a person are of another; what a merge brought becomes the person again that it was',
      right: 'admin',
      body: z.object({ id: z.uuid(), identities: z.array(identity).min(1).max(1_000) }).strict(),
      replies: { 200: { description: 'Both people.', schema: z.object({ person: personReply, made: personReply }) } },
      handle: ({ principal, actor, body }) => people.split(actor, principal.org, body.id, body.identities),
    }),
    route({
      method: 'post',
      path: '/v1/people/save',
      summary: 'Say what a person is called, and whether it is a program; what is seen later does not change it',
      right: 'admin',
      body: z.object({ id: z.uuid(), name: line().optional(), is_bot: z.boolean().optional() }).strict(),
      replies: { 200: { description: 'The person.', schema: personReply } },
      handle: ({ principal, actor, body: { id, ...said } }) => people.save(actor, principal.org, id, said),
    }),
  ]
}

function placeOf(cursor: string): { name: string; id: string } {
  const id = cursor.slice(0, 36)
  if (z.uuid().safeParse(id).success && cursor[36] === '~') return { id, name: cursor.slice(37) }
  throw new AppError('invalid-input', 'The cursor `after` is none of ours.', { help: 'Use the `next` of the page before.' })
}

function suggestionPlace(cursor: string): { score: number; id: string } {
  const [score = '', a = '', b = ''] = cursor.split('~')
  if (/^[\d.]+$/.test(score) && SUGGESTION.test(`${a}~${b}`)) return { score: Number(score), id: `${a}~${b}` }
  throw new AppError('invalid-input', 'The cursor `after` is none of ours.', { help: 'Use the `next` of the page before.' })
}
