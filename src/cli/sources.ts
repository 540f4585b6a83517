import pc from 'picocolors'
import type { HealthReply } from '../api/health-routes.ts'
import type { ConnectorReply, SourceReply } from '../api/source-routes.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { connect, posting, type Client } from './client.ts'
import { note, print, printJson, table } from './output.ts'
import { addSource, checkSource, previewSource, type SettingOptions } from './sources-add.ts'

interface Options extends SettingOptions {
  data?: boolean
  json?: boolean
}

const ACTIONS = ['list', 'add', 'check', 'preview', 'health', 'remove', 'connectors']

export async function run(config: Config, action: string, names: readonly string[], options: Options): Promise<number> {
  if (!ACTIONS.includes(action)) throw new AppError('usage', `sources ${action} is not known.`, { help: `Known: ${ACTIONS.join(', ')}.` })
  const client = await connect(config)
  try {
    switch (action) {
      case 'add':
        return await addSource(client, config, names, options)
      case 'check':
        return await checkSource(client, one(names, 'check'), options)
      case 'preview':
        return await previewSource(client, config, names, options)
      case 'health':
        await health(client, one(names, 'health'), options)
        return 0
      case 'remove':
        await client.json('/v1/sources/remove', posting({ name: one(names, 'remove'), data: options.data === true }))
        if (options.json) printJson({ removed: names[0] })
        else
          print(
            `${names[0]} is disconnected${options.data === true ? ', and what it told is removed' : '; what it told stays (--data removes it, too)'}.`,
          )
        return 0
      case 'connectors':
        await catalogue(client, options)
        return 0
      default:
        await list(client, options)
        return 0
    }
  } finally {
    await client.close()
  }
}

function one(names: readonly string[], action: string): string {
  const [name, ...more] = names
  if (name === undefined || more.length > 0)
    throw new AppError('usage', `sources ${action} takes the name of one source.`, { help: 'List them with `fairlead sources list`.' })
  return name
}

async function list(client: Client, options: Options): Promise<void> {
  const reply = await client.json<{ items: SourceReply[] }>('/v1/sources')
  if (options.json) return printJson(reply)
  if (reply.items.length === 0)
    return print(
      'No sources are connected. Connect a repository with `fairlead sync git --repo-path DIR`, or a tool with `fairlead sources add github`.',
    )
  print(
    table(
      ['source', 'connector', 'last success', 'deliveries', 'last error'],
      reply.items.map((source) => [
        source.name,
        source.connector,
        source.last_success_at ?? (source.hook_path === null || source.deliveries === null ? 'never' : ''),
        source.deliveries === null
          ? ''
          : `${source.deliveries.taken}${source.deliveries.refused > 0 ? `, ${source.deliveries.refused} refused` : ''}`,
        source.last_error ?? '',
      ]),
    ),
  )
}

async function health(client: Client, name: string, options: Options): Promise<void> {
  const reply = await client.json<HealthReply>(`/v1/sources/health?name=${encodeURIComponent(name)}`)
  if (options.json) return printJson(reply)
  print(
    `${pc.bold(name)}: ${reply.state.replaceAll('_', ' ')}${reply.lag_seconds === null ? '' : `, last heard of ${age(reply.lag_seconds)} ago`}`,
  )
  print(
    table(
      ['stream', 'items', 'repeated', 'unread', 'last'],
      reply.streams.map((stream) => [stream.stream, String(stream.items), String(stream.repeated), String(stream.unread), stream.last_at]),
      [1, 2, 3],
    ),
  )
  if (reply.coverage.length > 0)
    print(
      `\n${table(
        ['covers', 'from', 'to'],
        reply.coverage.map((span) => [span.table, span.from_at, span.open ? 'now' : span.to_at]),
      )}`,
    )
  const byDay = new Map<string, number>()
  for (const { day, items } of reply.days) byDay.set(day, (byDay.get(day) ?? 0) + items)
  if (byDay.size > 0)
    print(
      `\nby day  ${[...byDay]
        .slice(-14)
        .map(([day, items]) => `${day.slice(5)} ${items}`)
        .join('  ')}`,
    )
  if (reply.unread.length > 0) note(`\nCould not be read; kept, and read again by \`fairlead replay ${name}\` after an update:`)
  for (const item of reply.unread.slice(0, 10)) note(`  ${item.stream} ${item.id}: ${item.problem}`)
  if (reply.quarantined.length > 0) note('\nRefused by the analytics store; in `quarantine/` of the data directory:')
  for (const item of reply.quarantined.slice(0, 10)) note(`  ${item.stream} ${item.id}: ${item.reason}`)
}

function age(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} hours` : `${Math.round(seconds / 86_400)} days`
}

async function catalogue(client: Client, options: Options): Promise<void> {
  const reply = await client.json<{ items: ConnectorReply[] }>('/v1/connectors')
  if (options.json) return printJson(reply)
  print(
    table(
      ['connector', 'tool', 'webhook', 'settings'],
      reply.items.map((connector) => [
        connector.id,
        connector.title,
        connector.hook === null ? '' : 'yes',
        connector.fields.map((field) => `${field.name}${field.required ? '*' : ''}`).join(' '),
      ]),
    ),
  )
  note('\n* must be given. docs/reference/connectors.md describes each.')
}
