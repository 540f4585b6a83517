import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { connect, posting } from './client.ts'
import { print, printJson, table } from './output.ts'

interface Project {
  readonly name: string
  readonly description: string | null
  readonly repositories: readonly string[]
  readonly services: readonly string[]
  readonly settings: readonly { plugin: string; options: unknown; enabled: boolean }[]
}

interface Options {
  readonly json?: boolean
  readonly repo?: readonly string[]
  readonly service?: readonly string[]
  readonly description?: string
  readonly disabled?: boolean
}

/** Projects: repositories and services that are looked at together. */
export async function run(config: Config, action: string, words: readonly string[], options: Options): Promise<void> {
  const [name, text] = words
  const usage = (help: string) => new AppError('usage', `projects ${[action, ...words].join(' ')} is not known.`, { help })
  const wanted = new Map([
    ['list', 0],
    ['save', 1],
    ['remove', 1],
    ['settings', 2],
  ]).get(action)
  if (wanted === undefined) throw usage('Known: list, save, remove, settings.')
  if (words.length !== wanted) throw usage('fairlead projects save shop --service api web --repo acme/shop')
  const client = await connect(config)
  try {
    switch (action) {
      case 'list': {
        const reply = await client.json<{ items: Project[] }>('/v1/projects')
        if (options.json) return printJson(reply)
        if (reply.items.length === 0) return print('There is no project yet.')
        return print(
          table(
            ['project', 'repositories', 'services', 'settings'],
            reply.items.map((one) => [one.name, one.repositories.join(', '), one.services.join(', '), settingsText(one)]),
          ),
        )
      }
      case 'remove': {
        const reply = await client.json<{ removed: boolean }>('/v1/projects/remove', posting({ name }))
        if (options.json) return printJson(reply)
        return print(reply.removed ? `${name} is removed; what it holds stays.` : `There is no project ${name}.`)
      }
      default: {
        const { repo: repositories = [], service: services = [], description = null } = options
        const project =
          action === 'save'
            ? await client.json<Project>('/v1/projects', posting({ name, description, repositories, services }))
            : await client.json<Project>(
                '/v1/projects/settings',
                posting({ name, plugin: 'dora', options: parsed(text as string), enabled: options.disabled !== true }),
              )
        if (options.json) return printJson(project)
        print(`${project.name} is saved.`)
      }
    }
  } finally {
    await client.close()
  }
}

const settingsText = ({ settings }: Project): string =>
  settings.map((one) => `${one.plugin}${one.enabled ? '' : ' (off)'} ${JSON.stringify(one.options)}`).join(', ')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('usage', 'The options are no valid JSON.', { help: '\'{"cfr":{"window_days":30}}\'', cause })
  }
}
