import { randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { AppError, asAppError } from '../errors.ts'
import { connect, type Client } from './client.ts'
import { note, print, printJson } from './output.ts'
import { runnerFacts } from './runner.ts'

interface Options {
  service?: string
  sha?: string
  environment?: string
  status: string
  commitAt?: string
  startedAt?: string
  at?: string
  ref?: string
  branch?: string
  id?: string
  deploymentId?: string
  version?: string
  title?: string
  severity?: string
  unplanned?: boolean
  url?: string
  spool?: string
  json?: boolean
}

const KINDS = ['deploy', 'rollback', 'incident-opened', 'incident-closed']
const TRIES = 4

/** One event from a pipeline. What the CI runner tells is filled in; what cannot be delivered waits in the spool for the next call. */
export async function run(config: Config, kind: string, options: Options): Promise<number> {
  if (!KINDS.includes(kind))
    throw new AppError('usage', `There is no kind ${JSON.stringify(kind)}.`, { help: `Known: ${KINDS.join(', ')}.` })
  const event = eventOf(kind, options, config.environment)
  const events = [...(options.spool === undefined ? [] : await readSpool(options.spool)), { file: null, event }]
  let client: Client | null = null
  let delivered = 0
  try {
    client = await connect(config)
    for (const one of events) {
      await deliver(client, one.event)
      if (one.file !== null) await rm(one.file)
      delivered++
    }
  } catch (thrown) {
    const error = asAppError(thrown)
    if (options.spool === undefined || !error.retry) throw error
    await writeSpool(options.spool, event)
    note(`Not delivered (${error.message}) It waits in ${options.spool} for the next call.`)
    if (options.json) printJson({ delivered, spooled: events.length - delivered })
    return 0
  } finally {
    await client?.close()
  }
  if (options.json) printJson({ delivered, spooled: 0, event })
  else print(`${kind} of ${String(event['service'])} is on disk${delivered > 1 ? `, and ${delivered - 1} from the spool` : ''}.`)
  return 0
}

function eventOf(kind: string, options: Options, environment: Config['environment']): Record<string, unknown> {
  const facts = runnerFacts(environment)
  const service = options.service ?? facts.repo?.split('/').at(-1)
  if (service === undefined)
    throw new AppError('usage', 'Which service? Outside a CI runner it must be said.', { help: 'Give --service NAME.' })
  const incident = kind.startsWith('incident')
  const event = {
    id: options.id ?? randomUUID(),
    kind: kind.replace('-', '_'),
    service,
    // A rollback runs in the pipeline of the bad commit: what it puts back only its caller knows.
    git_sha: options.sha ?? (kind === 'deploy' ? facts.sha : undefined),
    environment: options.environment,
    ...(incident || options.status === 'success' ? {} : options.status === 'failure' ? { succeeded: false } : { outcome: options.status }),
    commit_at: options.commitAt ?? (incident ? undefined : facts.commitAt),
    started_at: options.startedAt,
    // Said here, not by the server: an event from the spool happened when it happened.
    occurred_at: options.at ?? new Date().toISOString(),
    ref_id: options.ref,
    ref: options.branch ?? (incident ? undefined : facts.ref),
    repo: incident ? undefined : facts.repo,
    url: options.url ?? facts.url,
    actor: facts.actor,
    deployment_id: options.deploymentId,
    version: options.version,
    title: options.title,
    severity: options.severity,
    unplanned: options.unplanned,
  }
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined))
}

/** Waits longer after each failure; what waiting cannot mend fails at once. */
async function deliver(client: Client, event: Record<string, unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.json('/v1/events', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) })
      return
    } catch (thrown) {
      const error = asAppError(thrown)
      if (!error.retry || attempt === TRIES) throw error
      await sleep(250 * 2 ** attempt)
    }
  }
}

interface Spooled {
  readonly file: string | null
  readonly event: Record<string, unknown>
}

async function readSpool(directory: string): Promise<Spooled[]> {
  const files = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (name) => {
      const file = join(directory, name)
      return { file, event: JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown> }
    }),
  )
}

async function writeSpool(directory: string, event: Record<string, unknown>): Promise<void> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, `${Date.now()}-${String(event['id']).replaceAll(/[^\w-]/g, '_')}.json`)
  await writeFile(`${path}.new`, JSON.stringify(event), { flush: true })
  await rename(`${path}.new`, path)
}
