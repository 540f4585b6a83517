import { z } from '@hono/zod-openapi'
import { OWNED_KINDS, ownedPattern, teamSlug, type OwnedKind } from '../../domain/ownership.ts'
import { line } from '../../domain/pattern.ts'
import { moment, precedence, readTeamsFile } from '../team/teams-file.ts'
import { ORIGINS, type Mapping, type Team } from '../team/team-rows.ts'
import type { Drift } from '../../domain/team-drift.ts'
import type { Owned } from '../team/known.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const slug = teamSlug()
const kind = z.enum(OWNED_KINDS)
const ruleSchema = z.object({ id: z.string(), kind, pattern: z.string(), precedence: z.number().int(), origin: z.enum(ORIGINS) })
const teamSchema = z.object({
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  parent: z.string().nullable(),
  origin: z.enum(ORIGINS),
  source: z.string().nullable(),
  members: z.number().int().openapi({ description: 'How many people are in it now.' }),
  owns: z.number().int().openapi({ description: 'How many rules it has.' }),
  repositories: z.number().int().openapi({ description: 'How many known repositories it owns.' }),
  services: z.number().int(),
})
const memberSchema = z.object({
  person_id: z.string(),
  name: z.string(),
  role: z.string().nullable(),
  valid_from: z.string().nullable(),
  valid_to: z.string().nullable(),
  origin: z.enum(ORIGINS),
})
const driftSchema = z.object({
  team: z.string(),
  kind: z.enum(['team', 'member', 'repository']),
  what: z.enum(['only_at_provider', 'only_here', 'differs']),
  subject: z.string(),
  source: z.string(),
  text: z.string(),
})
const names = z.array(z.string())

export function teamRoutes({ teams, teamMembers, teamDrift, people, audit }: Services): Route[] {
  const countsOf = async (org: string) => {
    const [mappings, owned, members] = await Promise.all([teams.mappings(org), teams.ownership(org), teamMembers.counts(org)])
    return (team: Team) => ({
      ...team,
      members: members.get(team.slug) ?? 0,
      owns: mappings.filter((one) => one.team === team.slug).length,
      repositories: namesOf(owned, team.slug, 'repository').length,
      services: namesOf(owned, team.slug, 'service').length,
    })
  }

  return [
    route({
      method: 'get',
      path: '/v1/teams',
      summary: 'The teams, and how much each of them owns',
      right: 'read',
      replies: { 200: { description: 'Every team.', schema: z.object({ items: z.array(teamSchema), next: z.null() }) } },
      async handle({ principal }) {
        const [all, counted] = await Promise.all([teams.list(principal.org), countsOf(principal.org)])
        return { items: all.map(counted), next: null }
      },
    }),
    route({
      method: 'get',
      path: '/v1/teams/ownership',
      summary: 'Every repository and service that is known, and who owns it',
      right: 'read',
      replies: {
        200: {
          description: 'Who owns what, and by which rule.',
          schema: z.object({
            items: z.array(
              z.object({
                kind,
                name: z.string(),
                team: z.string().nullable(),
                rule: z.object({ team: z.string(), pattern: z.string(), precedence: z.number().int() }).nullable(),
                others: names.openapi({ description: 'Other teams with a rule that fits, too.' }),
              }),
            ),
            next: z.null(),
          }),
        },
      },
      handle: async ({ principal }) => ({ items: await teams.ownership(principal.org), next: null }),
    }),
    route({
      method: 'get',
      path: '/v1/teams/drift',
      summary: 'Where forges and the teams here say different things',
      right: 'read',
      replies: {
        200: { description: 'Each difference, by source and team.', schema: z.object({ items: z.array(driftSchema), next: z.null() }) },
      },
      async handle({ principal }) {
        await people.refresh(principal.org)
        return { items: (await teamDrift.list(principal.org)).map(driftReply), next: null }
      },
    }),
    route({
      method: 'post',
      path: '/v1/teams/drift/accept',
      summary: 'Make teams as a forge says, all or one',
      right: 'admin',
      body: z.object({ source: z.string().min(1).max(300), team: z.string().min(1).max(300).optional() }).strict(),
      replies: { 200: { description: 'What was different.', schema: z.object({ items: z.array(driftSchema) }) } },
      async handle({ principal, actor, body }) {
        await people.refresh(principal.org)
        return { items: (await teamDrift.accept(actor, principal.org, body.source, body.team)).map(driftReply) }
      },
    }),
    route({
      method: 'get',
      path: '/v1/teams/{slug}',
      summary: 'One team: its members and their time in it, its rules, and the known repositories and services that it owns',
      right: 'read',
      params: z.object({ slug: z.string() }),
      replies: {
        200: {
          description: 'The team.',
          schema: teamSchema.extend({
            members: z.array(memberSchema),
            owns: z.array(ruleSchema),
            matched: z.object({ repositories: names, services: names }),
          }),
        },
      },
      async handle({ params, principal }) {
        const team = await teams.require(principal.org, params.slug)
        const { org } = principal
        const [mappings, owned, members] = await Promise.all([teams.mappings(org), teams.ownership(org), teamMembers.of(org, team.slug)])
        const matched = { repositories: namesOf(owned, team.slug, 'repository'), services: namesOf(owned, team.slug, 'service') }
        return {
          ...team,
          members,
          repositories: matched.repositories.length,
          services: matched.services.length,
          owns: mappings.filter((one) => one.team === team.slug).map(ruleReply),
          matched,
        }
      },
    }),
    route({
      method: 'get',
      path: '/v1/teams/{slug}/tried',
      summary: 'What a rule would give a team before it is added: the known names that it fits, who owns each now and who would',
      right: 'read',
      params: z.object({ slug: z.string() }),
      query: z.object({ kind, pattern: ownedPattern(), precedence: z.coerce.number().pipe(precedence()).default(0) }).strict(),
      replies: {
        200: {
          description: 'The names.',
          schema: z.object({
            items: z.array(z.object({ name: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
            next: z.null(),
          }),
        },
      },
      handle: async ({ params, query, principal }) => ({
        items: await teams.tried(principal.org, { team: params.slug, ...query }),
        next: null,
      }),
    }),
    route({
      method: 'post',
      path: '/v1/teams',
      summary: 'Add a team, or change one',
      right: 'admin',
      body: z.object({ slug, name: line(), description: z.string().max(2_000).nullish(), parent: slug.nullish() }).strict(),
      replies: { 200: { description: 'The team.', schema: teamSchema } },
      async handle({ principal, actor, body: { slug: id, name, description = null, parent = null } }) {
        const saved = await teams.save(principal.org, { slug: id, name, description, parent }, audit.by(actor))
        return (await countsOf(principal.org))(saved)
      },
    }),
    route({
      method: 'post',
      path: '/v1/teams/remove',
      summary: 'Remove a team and its rules; the teams below it move up',
      right: 'admin',
      body: z.object({ slug: z.string() }).strict(),
      replies: { 200: { description: 'Done.', schema: z.object({ removed: z.boolean() }) } },
      async handle({ principal, actor, body }) {
        await teams.remove(principal.org, body.slug, audit.by(actor))
        return { removed: true }
      },
    }),
    route({
      method: 'post',
      path: '/v1/teams/owns',
      summary: 'Give a team what a name or a pattern fits',
      right: 'admin',
      body: z.object({ slug: z.string(), kind, pattern: ownedPattern(), precedence: precedence().default(0) }).strict(),
      replies: { 200: { description: 'The rule.', schema: ruleSchema } },
      handle: async ({ principal, actor, body: { slug: team, ...rule } }) =>
        ruleReply(await teams.own(principal.org, team, rule, audit.by(actor))),
    }),
    route({
      method: 'post',
      path: '/v1/teams/owns/remove',
      summary: 'Remove a rule of a team',
      right: 'admin',
      body: z.object({ slug: z.string(), id: z.uuid() }).strict(),
      replies: { 200: { description: 'Whether there was one.', schema: z.object({ removed: z.boolean() }) } },
      handle: async ({ principal, actor, body }) => ({
        removed: await teams.disown(principal.org, body.slug, body.id, audit.by(actor)),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/teams/members',
      summary: 'Somebody is in a team: from a moment (else ever since) up to and without another (else still)',
      right: 'admin',
      body: z
        .object({
          slug: z.string(),
          person_id: z.uuid(),
          role: z.string().trim().min(1).max(100).nullish(),
          valid_from: moment().nullish(),
          valid_to: moment().nullish(),
        })
        .strict(),
      replies: { 200: { description: 'The membership.', schema: memberSchema } },
      handle: ({ principal, actor, body: { slug: team, person_id, role = null, valid_from = null, valid_to = null } }) =>
        teamMembers.add(actor, principal.org, team, { person_id, role, valid_from, valid_to }),
    }),
    route({
      method: 'post',
      path: '/v1/teams/members/remove',
      summary: 'Somebody is no longer in a team, from now or from a moment on; that they were stays known',
      right: 'admin',
      body: z.object({ slug: z.string(), person_id: z.uuid(), at: moment().optional() }).strict(),
      replies: { 200: { description: 'Whether they were in it then.', schema: z.object({ removed: z.boolean() }) } },
      handle: async ({ principal, actor, body }) => ({
        removed: await teamMembers.remove(actor, principal.org, body.slug, body.person_id, body.at),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/teams/import',
      summary: 'Import teams and what they own from YAML or JSON; again it changes nothing',
      right: 'admin',
      body: z.object({ text: z.string().max(1_000_000), dry_run: z.boolean().default(false) }).strict(),
      replies: {
        200: {
          description: 'What the file holds, and what it changes, or with `dry_run` would change.',
          schema: z.object({ teams: z.number().int(), owns: z.number().int(), changes: z.array(z.string()) }),
        },
      },
      async handle({ principal, actor, body }) {
        const file = readTeamsFile(body.text)
        const changes = await teams.importFile(principal.org, file, body.dry_run, audit.by(actor))
        return {
          teams: file.teams.length,
          owns: file.teams.reduce((sum, team) => sum + team.owns.length, 0),
          changes: changes.map((one) => one.text),
        }
      },
    }),
  ]
}

function ruleReply({ id, kind: of, pattern, precedence: rank, origin }: Mapping) {
  return { id, kind: of, pattern, precedence: rank, origin }
}

function namesOf(owned: readonly Owned[], team: string, of: OwnedKind): string[] {
  return owned.filter((one) => one.team === team && one.kind === of).map((one) => one.name)
}

function driftReply({ step: _step, ...said }: Drift): z.infer<typeof driftSchema> {
  return said
}
