import { readFile } from 'node:fs/promises'
import pc from 'picocolors'
import type { ConnectorReply, SourceReply } from '../api/source-routes.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Preview } from '../ingest/preview.ts'
import { ask } from './ask.ts'
import { connect, posting } from './client.ts'
import { fromVariable } from './from-variable.ts'
import { note, print, printJson, table } from './output.ts'

type Client = Awaited<ReturnType<typeof connect>>

export interface SettingOptions {
  set?: readonly string[]
  secret?: readonly string[]
  config?: string
  every?: string
  check?: boolean
  json?: boolean
}

/** The JSON Schema of settings, as far as it is looked at here. */
interface SettingsSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>
}

export async function addSource(
  client: Client,
  config: Config,
  names: readonly string[],
  options: SettingOptions & { json?: boolean },
): Promise<number> {
  const entry = await entryOf(client, names[0])
  const name = names[1] ?? entry.id
  const settings = await settingsOf(entry, config, options)
  const body = {
    name,
    connector: entry.id,
    config: settings,
    ...(options.every === undefined ? {} : { every_minutes: minutesOf(options.every) }),
  }
  // Asked before it is saved: a source that cannot work is not left behind half connected.
  const found =
    options.check === false
      ? { ok: true, missing: [] }
      : await client.json<{ ok: boolean; missing: string[] }>('/v1/sources/check', posting({ name, connector: entry.id, config: settings }))
  if (!found.ok) {
    if (options.json) printJson({ saved: false, ...found })
    else for (const missing of found.missing) note(`${pc.red('missing')} ${missing}`)
    if (!options.json) note('Nothing was saved; --no-check saves it all the same.')
    return 3
  }
  const saved = await client.json<SourceReply>('/v1/sources', posting(body))
  if (options.json) {
    printJson({ saved: true, missing: found.missing, source: saved })
    return 0
  }
  print(`${saved.title} is connected as ${pc.bold(saved.name)}.`)
  for (const missing of found.missing) note(`${pc.yellow('note')}  ${missing}`)
  if (saved.hook_path !== null && entry.hook !== null)
    print(`\nWebhook  ${hookDocs(entry.hook, (config.FAIRLEAD_URL ?? 'https://YOUR-FAIRLEAD') + saved.hook_path)}`)
  print(`\nPull it now with \`fairlead sync all --source ${saved.name}\`; the server does so by itself.`)
  return 0
}

function hookDocs(docs: string, url: string): string {
  return docs.replaceAll('{url}', url)
}

export async function checkSource(client: Client, name: string, options: { json?: boolean }): Promise<number> {
  const found = await client.json<{ ok: boolean; missing: string[] }>('/v1/sources/check', posting({ name }))
  if (options.json) printJson(found)
  else if (found.ok && found.missing.length === 0) print(`${name} can be read, and nothing is missing.`)
  else for (const missing of found.missing) print(`${found.ok ? pc.yellow('note') : pc.red('missing')} ${missing}`)
  return found.ok ? 0 : 3
}

export async function previewSource(
  client: Client,
  config: Config,
  names: readonly string[],
  options: SettingOptions & { json?: boolean },
): Promise<number> {
  const [name] = names
  if (name === undefined)
    throw new AppError('usage', 'Of which source?', {
      help: 'fairlead sources preview NAME --set deployments=\'[{"from":"run","name":"deploy"}]\'',
    })
  const { items } = await client.json<{ items: SourceReply[] }>('/v1/sources')
  const standing = items.find((source) => source.name === name)
  const entry = await entryOf(client, standing?.connector ?? names[1] ?? name)
  const changes = await settingsOf(entry, config, options)
  const body = { name, connector: entry.id, config: { ...standing?.config, ...changes } }
  const found = await client.json<Preview>('/v1/sources/preview', posting(body))
  if (options.json) {
    printJson(found)
    return 0
  }
  const read = found.from === 'kept' ? 'items that are kept' : 'items of a first look at the tool'
  print(`${found.items.toLocaleString('en')} ${read} were read: ${found.after} deployments, ${found.before} with the present settings.`)
  if (found.matched.length > 0)
    print(
      `\n${table(
        ['rule', 'service', 'environment', 'deployments', 'last'],
        found.matched.map((one) => [one.rule, one.service, one.environment, String(one.deployments), one.last_at]),
        [3],
      )}`,
    )
  for (const [word, list] of [
    ['more', found.added],
    ['less', found.removed],
  ] as const) {
    if (list.length === 0) continue
    print(
      `\n${table(
        [word, 'at', 'service', 'environment', 'outcome'],
        list.slice(0, 10).map((one) => [one.title ?? one.id, one.at, one.service, one.environment_name, one.outcome]),
      )}`,
    )
  }
  if (found.unmatched.length > 0)
    print(
      `\n${table(
        ['no deployment by any rule', 'repository', 'runs', 'last'],
        found.unmatched.slice(0, 15).map((one) => [one.workflow, one.repository ?? '', String(one.runs), one.last_at]),
        [2],
      )}`,
    )
  note('\nNothing was saved. `fairlead sources add` with the same settings saves them, and reads what is kept again.')
  return 0
}

async function entryOf(client: Client, id: string | undefined): Promise<ConnectorReply> {
  const { items } = await client.json<{ items: ConnectorReply[] }>('/v1/connectors')
  const entry = items.find((one) => one.id === id)
  if (entry === undefined)
    throw new AppError('usage', id === undefined ? 'Which tool?' : `There is no connector ${JSON.stringify(id)}.`, {
      help: `Known: ${items.map((one) => one.id).join(', ')}.`,
    })
  return entry
}

/** `--config FILE`, then each `--set name=value`, then each `--secret name=…`. */
async function settingsOf(entry: ConnectorReply, config: Config, options: SettingOptions): Promise<Record<string, unknown>> {
  const settings: Record<string, unknown> = options.config === undefined ? {} : await fileOf(options.config)
  const types = (entry.schema as SettingsSchema).properties ?? {}
  for (const text of options.set ?? []) {
    const [name, value] = parted(text, '--set')
    if (entry.fields.some((field) => field.name === name && field.secret))
      throw new AppError('usage', `${name} is a credential, and a command line is seen by everyone on this machine.`, {
        help: `Use --secret ${name} (asks for it), --secret ${name}=env:VARIABLE or --secret ${name}=file:PATH.`,
      })
    settings[name] = valueOf(value, types[name]?.type)
  }
  for (const text of options.secret ?? []) {
    const name = text.split('=', 1)[0] as string
    const field = entry.fields.find((one) => one.name === name)
    if (field?.secret !== true)
      throw new AppError('usage', `${entry.id} has no credential ${name}.`, {
        help: `It has ${
          entry.fields
            .filter((one) => one.secret)
            .map((one) => one.name)
            .join(', ') || 'none'
        }.`,
      })
    const value = await secretOf(name, text.length > name.length ? text.slice(name.length + 1) : null, config)
    const isList = types[name]?.type === 'array'
    settings[name] = isList ? [...(Array.isArray(settings[name]) ? (settings[name] as unknown[]) : []), value] : value
  }
  return settings
}

function parted(text: string, option: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1)
    throw new AppError('usage', `${option} ${text} is no name=value.`, { help: `For example ${option} repositories=acme/shop,acme/web.` })
  return [text.slice(0, at), text.slice(at + 1)]
}

/** JSON where it is JSON and the field wants it; a list may be written with commas. */
function valueOf(text: string, type: string | undefined): unknown {
  if (type === 'string') return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return type === 'array' ? text.split(',').map((one) => one.trim()) : text
  }
}

async function secretOf(name: string, from: string | null, config: Config): Promise<string> {
  if (from === null) return ask(name)
  if (from.startsWith('env:')) return fromVariable(config, from)
  if (from.startsWith('file:')) {
    const value = await readFile(from.slice(5), 'utf8').catch((cause: unknown) => {
      throw new AppError('usage', `${from.slice(5)} cannot be read.`, { help: 'Give the path of a file that holds the credential.', cause })
    })
    return value.trimEnd()
  }
  throw new AppError('usage', 'A credential is not given on the command line, which everyone on this machine can see.', {
    help: `Use --secret ${name} (asks for it), --secret ${name}=env:VARIABLE or --secret ${name}=file:PATH.`,
  })
}

async function fileOf(path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw new AppError('usage', `${path} is no readable JSON.`, { help: 'It holds one object: the settings of the source.', cause })
  }
}

function minutesOf(text: string): number {
  const minutes = Number(text)
  if (!Number.isInteger(minutes) || minutes < 0)
    throw new AppError('usage', `--every ${text} is no number of minutes.`, { help: '0 pulls only when it is asked to.' })
  return minutes
}
