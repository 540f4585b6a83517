import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { doraOptions, PLUGINS, requireOptions } from './project-options.ts'

const projectSetting = z.object({ plugin: z.enum(PLUGINS), options: doraOptions, enabled: z.boolean() })
const projectRow = z.object({
  name: z.string(),
  description: z.string().nullable(),
  repositories: z.array(z.string()),
  services: z.array(z.string()),
})
export const projectSchema = projectRow.extend({ settings: z.array(projectSetting) })
export type Project = z.infer<typeof projectSchema>

/** Repositories and services that are looked at together. */
export interface Projects {
  list(org: string): Promise<Project[]>
  /** An unknown one is refused with the list of those that exist. */
  find(org: string, name: string): Promise<Project>
  save(org: string, project: Omit<Project, 'settings'>): Promise<Project>
  remove(org: string, name: string): Promise<boolean>
  saveSettings(
    org: string,
    name: string,
    setting: { plugin: (typeof PLUGINS)[number]; options: unknown; enabled: boolean },
  ): Promise<Project>
}

const listProjects = statement({
  name: 'projects.list',
  sql: 'SELECT name, description, repositories, services FROM projects WHERE org_id = {org:uuid} ORDER BY name',
  row: projectRow,
})
const listSettings = statement({
  name: 'projects.settings',
  sql: `SELECT project_name AS project, plugin_name AS plugin, plugin_option AS options, enable AS enabled
FROM project_metric_settings WHERE org_id = {org:uuid} ORDER BY project_name, plugin_name`,
  row: projectSetting.extend({ project: z.string() }),
})
const saveProject = statement({
  name: 'projects.save',
  sql: `INSERT INTO projects (org_id, name, description, repositories, services, created_at)
VALUES ({org:uuid}, {name:text}, {description:text}, {repositories:text[]}, {services:text[]}, {now:timestamptz})
ON CONFLICT (org_id, name) DO UPDATE SET description = excluded.description, repositories = excluded.repositories, services = excluded.services`,
  row: noRow,
})
const removeProject = statement({
  name: 'projects.remove',
  sql: 'DELETE FROM projects WHERE org_id = {org:uuid} AND name = {name:text} RETURNING name',
  row: z.object({ name: z.string() }),
})
const saveSetting = statement({
  name: 'projects.save_setting',
  sql: `INSERT INTO project_metric_settings (org_id, project_name, plugin_name, plugin_option, enable, updated_at)
VALUES ({org:uuid}, {name:text}, {plugin:text}, {options:jsonb}, {enabled:boolean}, {now:timestamptz})
ON CONFLICT (org_id, project_name, plugin_name)
DO UPDATE SET plugin_option = excluded.plugin_option, enable = excluded.enable, updated_at = excluded.updated_at`,
  row: noRow,
})

export function openProjects({ semantic, clock }: { semantic: Semantic; clock: Clock }): Projects {
  const projects: Projects = {
    async list(org) {
      const [rows, settings] = await Promise.all([semantic.query(listProjects, { org }), semantic.query(listSettings, { org })])
      return rows.map((row) => ({
        ...row,
        settings: settings.filter((one) => one.project === row.name).map(({ plugin, options, enabled }) => ({ plugin, options, enabled })),
      }))
    },
    async find(org, name) {
      const all = await projects.list(org)
      const found = all.find((one) => one.name === name)
      if (found !== undefined) return found
      throw new AppError('not-found', `There is no project ${JSON.stringify(name)}.`, {
        help: all.length === 0 ? 'Save one with `fairlead projects save`.' : `Known: ${all.map((one) => one.name).join(', ')}.`,
      })
    },
    async save(org, { name, description, repositories, services }) {
      if (repositories.length + services.length === 0)
        throw new AppError('invalid-input', `The project ${name} has no repository and no service.`, { help: 'Name at least one.' })
      const now = instant(clock.now())
      const unique = (names: readonly string[]) => [...new Set(names)]
      await semantic.query(saveProject, { org, name, description, repositories: unique(repositories), services: unique(services), now })
      return projects.find(org, name)
    },
    remove: async (org, name) => (await semantic.query(removeProject, { org, name })).length > 0,
    async saveSettings(org, name, { plugin, options, enabled }) {
      await projects.find(org, name)
      const taken = JSON.stringify(requireOptions(options))
      await semantic.query(saveSetting, { org, name, plugin, options: taken, enabled, now: instant(clock.now()) })
      return projects.find(org, name)
    },
  }
  return projects
}
