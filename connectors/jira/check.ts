import type { Ask, Check } from '../../src/connector.ts'
import { isCloud, projectKeys, readFields, rest } from './api.ts'
import { POINTS } from './changelog.ts'
import type { Config } from './config.ts'

export async function check(ask: Ask<Config>): Promise<Check> {
  const { http, config } = ask
  const asked = async (path: string, query = {}) => (await http.get(path, { query, allow: [400, 401, 403, 404] })).status
  const who = await asked(rest(config, '/myself'))
  if (who === 404)
    return {
      ok: false,
      missing: [
        'There is no Jira at this address: give the address that its pages begin with, without a path behind it unless all have one.',
      ],
    }
  if (who >= 300) {
    const remedy = isCloud(config)
      ? 'make an API token at id.atlassian.com for the account of this e-mail address'
      : 'make a personal access token in your profile; on Cloud, give the e-mail address of the account as well'
    return { ok: false, missing: [`Jira does not accept the token: ${remedy}.`] }
  }
  const missing: string[] = []
  let ok = true
  for (const project of config.projects) {
    if ((await asked(rest(config, `/project/${encodeURIComponent(project)}`))) < 300) continue
    ok = false
    missing.push(
      `The project ${project} is not there or the account may not see it: give the account the permission Browse Projects in it.`,
    )
  }
  if (config.projects.length === 0 && (await projectKeys(ask)).length === 0) {
    ok = false
    missing.push('The account can see no project: give it the permission Browse Projects.')
  }
  if ((await asked('/rest/agile/1.0/board', { maxResults: 1 })) >= 300)
    missing.push('The account may not read boards, so there are no boards and sprints: give it access to the product Jira Software.')
  const known = await readFields(ask)
  const named = Object.entries(config).filter(([name, value]) => name.endsWith('_field') && typeof value === 'string') as [string, string][]
  for (const [name, id] of named)
    if (known.length > 0 && !known.some((one) => one.id === id)) missing.push(`There is no field ${id}: correct \`${name}\`.`)
  const points = known.filter((one) => POINTS.test(one.name)).map((one) => `${one.name} is ${one.id}`)
  if (config.estimate_field === undefined && points.length > 0)
    missing.push(`Estimates are not read: set \`estimate_field\` (${points.join(', ')}).`)
  return { ok, missing }
}
