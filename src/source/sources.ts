import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Connector } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Registry } from '../registry.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'

/** A connected instance of a connector: its settings, how far each stream was pulled, and how the last pull went. */
export interface Source {
  readonly id: string
  readonly name: string
  readonly connector: string
  readonly config: unknown
  readonly cursors: Readonly<Record<string, string>>
  readonly last_success_at: string | null
  readonly last_error: string | null
}

export interface Sources {
  list(org: string): Promise<Source[]>
  find(org: string, name: string): Promise<Source | null>
  /** Adds a source, or gives an existing one of that name its new settings; the settings are checked by the connector's schema. */
  save(org: string, name: string, connector: string, config: unknown): Promise<Source>
  /** A source of that name is there afterwards: made with the connector's own defaults, if it was not. Refuses a name that another connector has. */
  ensure(org: string, name: string, connector: string): Promise<void>
  saveCursor(org: string, source: Source, stream: string, cursor: string): Promise<void>
  succeeded(org: string, source: Source): Promise<void>
  failed(org: string, source: Source, reason: string): Promise<void>
  /** How items of a source are read: its settings, or the connector's defaults for one that was never added (pushed events). */
  configOf(org: string, source: string, connector: string): Promise<unknown>
}

const json = z.unknown()
const sourceRow = z.object({
  id: z.string(),
  name: z.string(),
  connector: z.string(),
  config: json,
  cursors: z.record(z.string(), z.string()),
  last_success_at: z.string().nullable(),
  last_error: z.string().nullable(),
})
const COLUMNS = 'id, name, connector, config, cursors, last_success_at, last_error'
const listSources = statement({
  name: 'sources.list',
  sql: `SELECT ${COLUMNS} FROM sources WHERE org_id = {org:uuid} ORDER BY name`,
  row: sourceRow,
})
const findSource = statement({
  name: 'sources.find',
  sql: `SELECT ${COLUMNS} FROM sources WHERE org_id = {org:uuid} AND name = {name:text}`,
  row: sourceRow,
})
const saveSource = statement({
  name: 'sources.save',
  sql: `INSERT INTO sources (id, org_id, name, connector, config, cursors, created_at)
VALUES ({id:uuid}, {org:uuid}, {name:text}, {connector:text}, {config:jsonb}, '{}'::jsonb, {now:timestamptz})
ON CONFLICT (org_id, name) DO UPDATE SET config = excluded.config
RETURNING ${COLUMNS}`,
  row: sourceRow,
})
const addSource = statement({
  name: 'sources.add',
  sql: `INSERT INTO sources (id, org_id, name, connector, config, cursors, created_at)
VALUES ({id:uuid}, {org:uuid}, {name:text}, {connector:text}, {config:jsonb}, '{}'::jsonb, {now:timestamptz})
ON CONFLICT (org_id, name) DO NOTHING`,
  row: noRow,
})
const saveCursor = statement({
  name: 'sources.save_cursor',
  sql: `UPDATE sources SET cursors = cursors || jsonb_build_object({stream:text}, {cursor:text}) WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const succeeded = statement({
  name: 'sources.succeeded',
  sql: `UPDATE sources SET last_success_at = {now:timestamptz}, last_error = NULL WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const failed = statement({
  name: 'sources.failed',
  sql: `UPDATE sources SET last_error = {reason:text} WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})

export function openSources({ semantic, registry, clock }: { semantic: Semantic; registry: Registry; clock: Clock }): Sources {
  // Asked for each item that is applied; a source's settings change by hand only, through `save`.
  const configs = new Map<string, unknown>()
  const ensured = new Map<string, string>()
  const now = () => instant(clock.now())
  return {
    list: (org) => semantic.query(listSources, { org }),
    find: (org, name) => semantic.one(findSource, { org, name }),
    async save(org, name, connector, config) {
      const checked = checkConfig(registry, connector, config)
      const existing = await semantic.one(findSource, { org, name })
      if (existing !== null && existing.connector !== connector) {
        throw new AppError('conflict', `The source ${name} exists already and is a ${existing.connector} source.`, {
          help: 'Choose another name.',
        })
      }
      const saved = await semantic.one(saveSource, { id: randomUUID(), org, name, connector, config: JSON.stringify(checked), now: now() })
      if (saved === null) throw new AppError('internal', `The source ${name} could not be saved.`)
      configs.set(`${org} ${name}`, checked)
      return saved
    },
    async ensure(org, name, connector) {
      const key = `${org} ${name}`
      let standing = ensured.get(key)
      if (standing === undefined) {
        const config = JSON.stringify(checkConfig(registry, connector, {}))
        await semantic.query(addSource, { id: randomUUID(), org, name, connector, config, now: now() })
        standing = (await semantic.one(findSource, { org, name }))?.connector ?? connector
        ensured.set(key, standing)
      }
      if (standing !== connector)
        throw new AppError('conflict', `The source ${name} exists already and is a ${standing} source.`, { help: 'Choose another name.' })
    },
    async saveCursor(org, source, stream, cursor) {
      await semantic.query(saveCursor, { org, id: source.id, stream, cursor })
    },
    async succeeded(org, source) {
      await semantic.query(succeeded, { org, id: source.id, now: now() })
    },
    async failed(org, source, reason) {
      await semantic.query(failed, { org, id: source.id, reason: reason.slice(0, 500) })
    },
    async configOf(org, name, connector) {
      const key = `${org} ${name}`
      if (configs.has(key)) return configs.get(key)
      const source = await semantic.one(findSource, { org, name })
      const config =
        source === null
          ? (registry.connectors.get(connector)?.config.safeParse({}).data ?? {})
          : checkConfig(registry, source.connector, source.config)
      configs.set(key, config)
      return config
    },
  }
}

function checkConfig(registry: Registry, connector: string, config: unknown): unknown {
  const parsed = connectorOf(registry, connector).config.safeParse(config)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AppError(
    'invalid-input',
    `The settings of the ${connector} source are not valid: ${issue?.path.join('.')}: ${issue?.message}.`,
    {
      help: `docs/reference/connectors.md lists the settings of ${connector}.`,
    },
  )
}

export function connectorOf(registry: Registry, id: string): Connector {
  const connector = registry.connectors.get(id)
  if (connector === undefined) {
    throw new AppError('invalid-input', `There is no connector ${JSON.stringify(id)}.`, {
      help: `Known: ${[...registry.connectors.keys()].join(', ')}.`,
    })
  }
  return connector
}
