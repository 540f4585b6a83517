import { z } from 'zod'
import type { Ask, Check } from '../../src/connector.ts'
import { AppError } from '../../src/errors.ts'
import { isWanted, listByProject } from './application-list.ts'
import type { Config } from './config.ts'
import { moment } from './payload.ts'

export async function check(ask: Ask<Config>): Promise<Check> {
  try {
    const { body } = await ask.http.get('/api/v1/session/userinfo')
    if (!z.object({ loggedIn: z.literal(true) }).safeParse(body).success)
      return {
        ok: false,
        missing: ['Argo CD does not know the token: make a new one with `argocd account generate-token --account <name>`.'],
      }
    const seen = await listByProject({ ...ask, config: { ...ask.config, applications: [], exclude: [], projects: [] } })
    const all = [...seen].flatMap(([project, list]) =>
      list.map((one) => ({ project, name: one.metadata.name, health: one.status?.health })),
    )
    if (all.length === 0)
      return {
        ok: false,
        missing: ['The token sees no application: give its account `p, <account>, applications, get, */*, allow` in `argocd-rbac-cm`.'],
      }
    const missing: string[] = []
    if (!all.some(({ project, name }) => isWanted(ask.config, name, project)))
      missing.push(
        `None of the ${all.length} applications that the token sees fits \`applications\`, \`exclude\` and \`projects\`: change these settings.`,
      )
    if (ask.config.health_incidents && !all.some(({ health }) => moment(health?.lastTransitionTime) !== null))
      missing.push('Argo CD does not say since when an application is healthy or not, so no incident is opened: update it to 3.0 or later.')
    return { ok: true, missing }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return { ok: false, missing: [`${thrown.message} ${thrown.help ?? ''}`.trim()] }
  }
}
