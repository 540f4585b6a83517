import { basename, resolve } from 'node:path'
import type { ConnectorReply, SourceReply } from '../api/source-routes.ts'
import type { Config } from '../config.ts'
import { AppError, asAppError } from '../errors.ts'
import type { Pull } from '../ingest/pull.ts'
import { connect, posting, type Client } from './client.ts'
import { note, print, printError, printJson, progress } from './output.ts'

interface Options {
  provider?: string
  repoPath?: string
  source?: string
  releases?: string
  service?: string
  since?: string
  until?: string
  full?: boolean
  json?: boolean
}

/** What can be asked for, by the tables that its streams fill. */
const WHAT: Readonly<Record<string, readonly string[] | null>> = {
  git: ['repositories', 'commits', 'commit_files'],
  prs: ['repositories', 'changes', 'change_commits', 'change_files', 'reviews'],
  'work-items': ['work_items', 'boards', 'sprints', 'worklogs'],
  deployments: ['deployments', 'builds', 'jobs', 'checks', 'releases'],
  incidents: ['incident_states'],
  teams: ['provider_teams'],
  all: null,
}

/** Pulls what is new from connected tools; a local repository is connected by the way. */
export async function run(config: Config, what: string, options: Options): Promise<number> {
  const tables = WHAT[what]
  if (tables === undefined) throw new AppError('usage', `sync ${what} is not known.`, { help: `Known: ${Object.keys(WHAT).join(', ')}.` })
  const isLocal = options.provider === 'local' || (options.provider === undefined && what === 'git' && options.source === undefined)
  if (options.repoPath !== undefined && !isLocal)
    throw new AppError('usage', '--repo-path is for repositories on this machine.', {
      help: 'Say `sync git --provider local`, or leave it out.',
    })
  const client = await connect(config)
  try {
    const names = isLocal && what === 'git' ? [await connectLocal(client, options)] : await named(client, options)
    const streamsOf = await chooser(client, tables)
    const { items } = await client.json<{ items: SourceReply[] }>('/v1/sources')
    const pulls: Omit<Pull, 'last'>[] = []
    let failed = 0
    for (const name of names) {
      const streams = streamsOf(items.find((one) => one.name === name)?.connector ?? '')
      if (streams.length === 0) {
        if (options.source !== undefined) note(`${name} tells nothing that \`sync ${what}\` asks for.`)
        continue
      }
      const drawn = progress(`sync ${name}`)
      try {
        pulls.push(
          await client.follow(
            '/v1/sources/sync',
            bodyOf(name, streams, { ...options, full: options.full === true || what === 'teams' }),
            drawn.tick,
          ),
        )
      } catch (thrown) {
        drawn.end()
        if (names.length === 1) throw thrown
        failed++
        note(`${name}:`)
        printError(asAppError(thrown))
      } finally {
        drawn.end()
      }
    }
    if (options.json) printJson(pulls.length === 1 && names.length === 1 ? pulls[0] : pulls)
    else for (const pull of pulls) printPull(pull)
    return failed > 0 || pulls.some((one) => Object.keys(one.problems).length > 0) ? 1 : 0
  } finally {
    await client.close()
  }
}

async function connectLocal(client: Client, options: Options): Promise<string> {
  const path = resolve(options.repoPath ?? '.')
  const name = options.source ?? `git:${basename(path)}`
  const settings = {
    path,
    ...(options.releases === undefined ? {} : { releases: options.releases }),
    ...(options.service === undefined ? {} : { service: options.service }),
  }
  await client.json('/v1/sources', posting({ name, connector: 'git', config: settings }))
  return name
}

async function named(client: Client, { source, provider }: Options): Promise<string[]> {
  const { items } = await client.json<{ items: SourceReply[] }>('/v1/sources')
  const connector = provider === 'local' ? 'git' : provider
  const fitting = items.filter(
    (one) => one.pulls && (source === undefined || one.name === source) && (connector === undefined || one.connector === connector),
  )
  if (fitting.length > 0) return fitting.map((one) => one.name)
  const of = connector === undefined ? '' : ` of ${connector}`
  throw new AppError(
    'not-found',
    source === undefined
      ? `No source${of} is connected that can be pulled.`
      : `There is no source ${JSON.stringify(source)}${of} that can be pulled.`,
    {
      help: `Connect one with \`fairlead sources add ${connector ?? 'github'}\`.`,
    },
  )
}

async function chooser(client: Client, tables: readonly string[] | null): Promise<(connector: string) => string[]> {
  const { items } = await client.json<{ items: ConnectorReply[] }>('/v1/connectors')
  return (connector) =>
    (items.find((one) => one.id === connector)?.streams ?? [])
      // A repository of this machine is git altogether: its releases, too.
      .filter(
        ({ pulled, produces }) => pulled && (tables === null || connector === 'git' || produces.some((table) => tables.includes(table))),
      )
      .map(({ name }) => name)
}

function bodyOf(name: string, streams: readonly string[], { full, since, until }: Options): Record<string, unknown> {
  return {
    name,
    streams,
    full: full === true,
    ...(since === undefined ? {} : { since: momentOf(since, '--since') }),
    ...(until === undefined ? {} : { until: momentOf(until, '--until') }),
  }
}

/** A day or a moment. */
export function momentOf(text: string, option: string): string {
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text
  const at = Date.parse(whole)
  if (Number.isNaN(at))
    throw new AppError('usage', `${option} is ${JSON.stringify(text)}, which is no moment.`, {
      help: 'Write 2026-01-31 or 2026-01-31T09:00:00Z.',
    })
  return new Date(at).toISOString()
}

function printPull({ source, streams, problems, seconds }: Omit<Pull, 'last'>): void {
  const told = Object.entries(streams)
    .filter(([stream, count]) => count > 0 || Object.keys(streams).length < 4 || stream in problems)
    .map(([stream, count]) => `${count.toLocaleString('en')} ${stream.replaceAll('_', ' ')}`)
  print(`${source}: ${told.length === 0 ? 'nothing new' : told.join(', ')} in ${seconds.toFixed(1)} s.`)
  for (const [stream, reason] of Object.entries(problems)) note(`  ${stream}: ${reason}`)
}
