import { z } from 'zod'
import type { Ask, Check } from '../../src/connector.ts'
import { answeredStatus, AppError } from '../../src/errors.ts'
import { isFineGrained } from './api.ts'
import { read, variablesOf } from './ask.ts'
import { placeOf, type Config } from './config.ts'
import { DAY_MS } from './list.ts'
import { listedRepository, type Repository } from './repository.ts'

/** What is looked at in the first few repositories: a permission is seldom given for one and not for another. */
const PROBED = 5
const PROBES = [
  { what: 'the contents', path: '/commits?per_page=1', permission: 'Contents: read' },
  { what: 'pull requests', path: '/pulls?per_page=1', permission: 'Pull requests: read' },
  { what: 'issues', path: '/issues?per_page=1', permission: 'Issues: read' },
  { what: 'Actions', path: '/actions/runs?per_page=1', permission: 'Actions: read' },
  { what: 'deployments', path: '/deployments?per_page=1', permission: 'Deployments: read' },
  { what: 'checks', path: '/commits/HEAD/check-runs?per_page=1', permission: 'Checks: read' },
] as const
const PROBE = `query Probe($owner:String!,$name:String!){repository(owner:$owner,name:$name){pullRequests(first:1){nodes{number reviews(first:1){nodes{fullDatabaseId}}}}}}`
const rateLimit = z.object({ resources: z.object({ core: z.object({ limit: z.number(), remaining: z.number(), reset: z.number() }) }) })

export async function check(ask: Ask<Config>): Promise<Check> {
  const { config, http } = ask
  const { rest, graphql } = placeOf(config)
  const missing: string[] = []
  const isApp = config.app_id !== undefined
  if (config.token === undefined && !isApp)
    return {
      ok: false,
      missing: ['There is no credential: make a token at GitHub (Settings → Developer settings) and set `token`, or connect a GitHub App.'],
    }
  try {
    // An Enterprise server that limits nobody has no such list.
    const budget = await http.get(`${rest}/rate_limit`, { allow: [404] })
    const scopes = budget.headers.get('x-oauth-scopes')
    const held = new Set((scopes ?? '').split(',').map((one) => one.trim()))
    if (scopes !== null && !isApp && !held.has('repo'))
      missing.push(
        held.has('public_repo')
          ? 'The token has the scope `public_repo` and sees no private repositories: give it `repo` if there are any.'
          : 'The token lacks the scope `repo`: add it, or make a fine-grained token.',
      )
    const ends = endOf(budget.headers)
    if (ends - Date.parse(ask.begun) < 7 * DAY_MS) missing.push(`The token ends at ${new Date(ends).toISOString()}: make a new one before.`)
    const { core } = rateLimit.safeParse(budget.body).data?.resources ?? {}
    if (core !== undefined && core.remaining < core.limit / 10)
      missing.push(
        `Only ${core.remaining} of ${core.limit} requests are left until ${new Date(core.reset * 1000).toISOString()}: a sync waits until then; a GitHub App has a budget of its own.`,
      )

    const readable: Repository[] = []
    for (const name of config.repositories) {
      const answer = await http.get(`${rest}/repos/${name}`, { allow: [403, 404, 451] })
      if (answer.status === 200) readable.push({ ...read(listedRepository, answer.body, name), asked: name })
      else
        missing.push(
          `${name} cannot be read (${answer.status}): check its name, and let the credential see it${remedyOf(answer.headers, 'Metadata: read')}.`,
        )
    }
    if (config.organization !== undefined) {
      const answer = await http.get(`${rest}/orgs/${config.organization}/repos`, { query: { per_page: PROBED }, allow: [403, 404] })
      if (answer.status === 200)
        readable.push(...read(z.array(listedRepository), answer.body, 'the organization').map((one) => ({ ...one, asked: null })))
      else
        missing.push(
          `The organization ${config.organization} cannot be read (${answer.status}): check its name, and let the credential see it.`,
        )
      const teams = await http.get(`${rest}/orgs/${config.organization}/teams`, { query: { per_page: 1 }, allow: [403, 404] })
      if (answer.status === 200 && teams.status !== 200)
        missing.push(
          `The credential may not read the teams of ${config.organization}${remedyOf(teams.headers, 'Members: read')}. All else works without.`,
        )
    }
    for (const { full_name, has_issues } of readable.slice(0, PROBED))
      for (const { what, path, permission } of PROBES) {
        if (what === 'issues' && has_issues === false) continue
        // 409: a repository without commits. 410: switched off. 422: no HEAD.
        const answer = await http.get(`${rest}/repos/${full_name}${path}`, { allow: [403, 404, 409, 410, 422] })
        if (answer.status === 403 && what === 'checks' && isFineGrained(config))
          missing.push(
            `A fine-grained token may not read check runs, whatever its permissions: connect a GitHub App or use a classic token if they are wanted. All else works without.`,
          )
        else if (answer.status === 403 || answer.status === 404)
          missing.push(`The credential may not read ${what} of ${full_name}${remedyOf(answer.headers, permission)}.`)
      }
    const [first] = readable
    if (first !== undefined) {
      const refused = await ask.http.graphql(graphql, PROBE, variablesOf(first)).then(() => null, refusalOf)
      if (refused !== null) missing.push(`GraphQL does not answer about pull requests: ${refused} Enterprise Server must be 3.12 or newer.`)
    }
    return { ok: readable.length > 0, missing }
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code === 'internal') throw thrown
    const isUnknown = answeredStatus(thrown) === 401
    const sentence = isUnknown
      ? 'GitHub does not know the credential; it was revoked or has ended: make a new one.'
      : `${thrown.message} ${thrown.help ?? ''}`.trim()
    return { ok: false, missing: [...missing, sentence] }
  }
}

/** Written as `2026-03-03 12:00:00 UTC` or with `-0700`. */
function endOf(headers: Headers): number {
  const [day, clock, zone = ''] = (headers.get('github-authentication-token-expiration') ?? '').split(' ')
  return Date.parse(`${day}T${clock}${zone === 'UTC' ? 'Z' : zone.replace(/(\d\d)$/, ':$1')}`)
}

function refusalOf(thrown: unknown): string {
  if (!(thrown instanceof AppError) || !thrown.code.startsWith('source-')) throw thrown
  return thrown.message
}

/** GitHub names the permission that would have done, as `actions=read`. */
function remedyOf(headers: Headers, permission: string): string {
  const accepted = headers.get('x-accepted-github-permissions')
  return `: give it the permission ${accepted === null || accepted === '' ? permission : accepted}`
}
