import { z } from 'zod'
import type { Ask, Check } from '../../src/connector.ts'
import { get } from './api.ts'
import { type Config, isAsked } from './config.ts'
import { id, words } from './payload.ts'

const GUEST = 10
const REFUSALS = [401, 403] as const
const access = z.object({ access_level: z.number().nullish() }).nullish()

const seen = z.looseObject({
  id,
  visibility: words,
  permissions: z.object({ project_access: access, group_access: access }).nullish(),
})

const own = z.looseObject({ scopes: z.array(z.string()).nullish() })

export async function check(ask: Ask<Config>): Promise<Check> {
  const { config } = ask
  const missing: string[] = []
  if (!isAsked(config)) {
    if (config.webhook_secrets.length === 0)
      return {
        ok: false,
        missing: ['Neither projects nor a group is named, and the webhook has no secret: name what to read, or set webhook_secrets.'],
      }
    return { ok: true, missing }
  }
  if (config.token !== undefined) {
    const { status, body } = await get(ask, '/personal_access_tokens/self', {}, REFUSALS)
    if (status === 401)
      return { ok: false, missing: ['GitLab does not know the token, or it has expired: make a new one and set it as token.'] }
    const scopes = status === 200 ? own.parse(body).scopes : null
    if (scopes && !scopes.includes('read_api') && !scopes.includes('api'))
      return { ok: false, missing: [`The token has the scopes ${scopes.join(', ')} and not read_api: make one that has it.`] }
  }
  let readable = 0
  for (const project of config.projects) {
    const { status, body } = await get(ask, `/projects/${encodeURIComponent(project)}`, {}, REFUSALS)
    if (status !== 200) {
      missing.push(`The project ${project} cannot be seen (${status}): check its path, and give the token's user the role Reporter there.`)
      continue
    }
    readable++
    missing.push(...(await missingIn(ask, project, seen.parse(body))))
  }
  if (config.group !== undefined) {
    const { status } = await get(ask, `/groups/${encodeURIComponent(config.group)}`, {}, REFUSALS)
    if (status === 200) readable++
    else
      missing.push(
        `The group ${config.group} cannot be seen (${status}): check its path, and give the token's user the role Reporter there.`,
      )
  }
  return { ok: readable > 0, missing }
}

const PARTS = [
  ['repository/commits', 'commits'],
  ['merge_requests', 'merge requests'],
  ['pipelines', 'pipelines'],
  ['deployments', 'deployments'],
  ['releases', 'releases'],
  ['issues', 'issues'],
] as const

async function missingIn(ask: Ask<Config>, name: string, { id, visibility, permissions }: z.output<typeof seen>): Promise<string[]> {
  const levels = [permissions?.project_access, permissions?.group_access].flatMap((one) => one?.access_level ?? [])
  if (visibility !== 'public' && levels.length > 0 && Math.max(...levels) <= GUEST)
    return [`The token's user is a guest of ${name}: the role Reporter is needed to read its code, pipelines and deployments.`]
  const missing: string[] = []
  for (const [part, words] of PARTS) {
    const { status } = await get(ask, `/projects/${id}/${part}`, { per_page: 1 }, REFUSALS)
    if (status !== 200)
      missing.push(
        `The ${words} of ${name} cannot be read (${status}): they are switched off there, or the token's user lacks the role Reporter.`,
      )
  }
  return missing
}
