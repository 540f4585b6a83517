import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Note } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { lockOrganization } from './lock.ts'
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
  save(org: string, project: Omit<Project, 'settings'>, audited: Note): Promise<Project>
  remove(org: string, name: string, audited: Note): Promise<boolean>
  saveSettings(
    org: string,
    name: string,
    setting: { plugin: (typeof PLUGINS)[number]; options: unknown; enabled: boolean },
    audited: Note,
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

interface ProjectParts {
  readonly semantic: Semantic
  readonly clock: Clock
  /** Told of each change when it stands. */
  readonly changed?: ((org: string) => Promise<void>) | undefined
}

export function openProjects({ semantic, clock, changed }: ProjectParts): Projects {
  const now = () => instant(clock.now())
  const listed = async (from: Queries, org: string): Promise<Project[]> => {
    const rows = await from.query(listProjects, { org })
    const settings = await from.query(listSettings, { org })
    return rows.map((row) => ({
      ...row,
      settings: settings.filter((one) => one.project === row.name).map(({ plugin, options, enabled }) => ({ plugin, options, enabled })),
    }))
  }
  const found = (all: readonly Project[], name: string): Project => {
    const one = all.find((each) => each.name === name)
    if (one !== undefined) return one
    throw new AppError('not-found', `There is no project ${JSON.stringify(name)}.`, {
      help: all.length === 0 ? 'Save one with `fairlead projects save`.' : `Known: ${all.map((each) => each.name).join(', ')}.`,
    })
  }
  /** A change, and its entry in the audit log where it changed anything. */
  const change = async (
    org: string,
    name: string,
    audited: Note,
    action: string,
    work: (tx: Queries, before: Project | null) => Promise<void>,
  ) => {
    const both = await semantic.transaction(async (tx) => {
      await tx.query(lockOrganization, { org })
      const of = async () => (await listed(tx, org)).find((one) => one.name === name) ?? null
      const before = await of()
      await work(tx, before)
      const after = await of()
      if (isDeepStrictEqual(before, after)) return { before, after }
      const told = { ...(before === null ? {} : { before }), ...(after === null ? {} : { after }) }
      await audited({ action, target: { type: 'project', id: name }, ...told }, tx)
      return { before, after }
    })
    await changed?.(org)
    return both
  }

  return {
    list: (org) => listed(semantic, org),
    find: async (org, name) => found(await listed(semantic, org), name),
    async save(org, { name, description, repositories, services }, audited) {
      if (repositories.length + services.length === 0)
        throw new AppError('invalid-input', `The project ${name} has no repository and no service.`, { help: 'Name at least one.' })
      const unique = (names: readonly string[]) => [...new Set(names)]
      const { after } = await change(org, name, audited, 'project.saved', async (tx) => {
        await tx.query(saveProject, {
          org,
          name,
          description,
          repositories: unique(repositories),
          services: unique(services),
          now: now(),
        })
      })
      return after as Project
    },
    async remove(org, name, audited) {
      const { before } = await change(org, name, audited, 'project.removed', async (tx) => {
        await tx.query(removeProject, { org, name })
      })
      return before !== null
    },
    async saveSettings(org, name, { plugin, options, enabled }, audited) {
      const { after } = await change(org, name, audited, 'project.settings_saved', async (tx, before) => {
        if (before === null) found(await listed(tx, org), name)
        await tx.query(saveSetting, { org, name, plugin, options: JSON.stringify(requireOptions(options)), enabled, now: now() })
      })
      return after as Project
    },
  }
}
