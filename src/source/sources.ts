import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { deploymentRule, pathsOfServices } from '../../domain/deployment-rule.ts'
import type { Note } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { isPulled, type Connector } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Registry } from '../registry.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { openCredentials, SEALED_FIELDS, SEALED_TEXTS, sealedTexts, type CredentialTold } from './credentials.ts'
import { checkSettings, splitSecrets } from './settings.ts'
import type { Vault } from './vault.ts'

/** A connected instance of a connector: its settings, how far each stream was pulled, and how the last pull went. */
export interface Source {
  readonly id: string
  readonly name: string
  readonly connector: string
  /** Without its credentials. */
  readonly config: Readonly<Record<string, unknown>>
  /** Fields of the settings that hold a credential. */
  readonly sealed: readonly string[]
  readonly cursors: Readonly<Record<string, string>>
  readonly every_minutes: number | null
  readonly created_at: string
  readonly last_attempt_at: string | null
  readonly last_success_at: string | null
  readonly last_error: string | null
  readonly health: Health
}

/** Figures that people look at. */
export const health = z.object({
  /** Failed pulls since the last good one, and the code of the last. */
  failures: z.number().int().optional(),
  error_code: z.string().optional(),
  seconds: z.number().optional(),
  items: z.number().int().optional(),
  budget: z.object({ limit: z.number(), remaining: z.number(), reset_at: z.string() }).optional(),
  deliveries: z
    .object({
      taken: z.number().int(),
      ignored: z.number().int(),
      unread: z.number().int(),
      refused: z.number().int(),
      last_at: z.string().nullable(),
      last_refused_at: z.string().nullable(),
    })
    .optional(),
})
export type Health = z.infer<typeof health>

export interface Sources {
  list(org: string): Promise<Source[]>
  /** Every source of every organization, for the schedule. */
  all(): Promise<(Source & { org: string })[]>
  find(org: string, name: string): Promise<Source | null>
  /** Sources that a hook's address names: by name, which organizations may share, or by id. */
  addressed(name: string): Promise<(Source & { org: string })[]>
  /**
   * Adds a source, or gives an existing one of that name its new settings; they are checked by the connector's schema. A credential that is not
   * given again is kept, unless the address that it is sent to changes.
   */
  save(
    org: string,
    name: string,
    connector: string,
    config: Readonly<Record<string, unknown>>,
    everyMinutes?: number | null,
    audited?: Note,
  ): Promise<Source>
  /** Sources of a connector in an organization, from memory: another server may have changed one seconds ago. */
  recalled(org: string, connector: string): Promise<(Source & { org: string })[]>
  /** What `save` would store, parsed, without storing it: for a check or a preview. */
  draft(org: string, name: string, connector: string, config: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Makes sure that there is a source of that name, for doors to which anything may be pushed. */
  ensure(org: string, name: string, connector: string): Promise<void>
  /** `data_removed` is told to the log of changes only. */
  remove(org: string, name: string, data_removed: boolean, audited?: Note): Promise<void>
  saveCursor(org: string, source: Source, stream: string, cursor: string | null): Promise<void>
  attempted(org: string, source: Source): Promise<void>
  succeeded(org: string, source: Source, figures: { seconds: number; items: number }): Promise<void>
  failed(org: string, source: Source, failure: { readonly code: string; readonly message: string }): Promise<void>
  noteHealth(org: string, name: string, figures: Health): Promise<void>
  /** Which credentials are kept, since when, and who gave each. */
  credentialsOf(org: string, source: Source): Promise<CredentialTold[]>
  /** How many credentials every organization has, and which do not open with the present keys; `source` is an id. */
  unopenedCredentials(): Promise<{ credentials: number; unopened: { source: string; field: string }[] }>
  /** Seals every credential of every organization under a new key. Interrupted at any point everything can be opened, and the next call goes on. */
  rotateKeys(progress: (done: number, total: number) => void): Promise<{ resealed: number; credentials: number }>
  /** Whether there is something to pull, and something to ask with. */
  pulls(org: string, source: Source): Promise<boolean>
  /** Services that are a part of a repository, with the globs of that part, as the rules of the sources say. */
  pathsOf(org: string): Promise<ReadonlyMap<string, readonly string[]>>
  /** How items of a source are read: its settings, or the connector's defaults for one that was never added (pushed events). */
  configOf(org: string, source: string, connector: string): Promise<unknown>
}

const sourceRow = z.object({
  id: z.string(),
  name: z.string(),
  connector: z.string(),
  config: z.record(z.string(), z.unknown()),
  sealed: z.array(z.string()),
  cursors: z.record(z.string(), z.string()),
  every_minutes: z.number().nullable(),
  created_at: z.string(),
  last_attempt_at: z.string().nullable(),
  last_success_at: z.string().nullable(),
  last_error: z.string().nullable(),
  health,
})
/** Which fields hold a credential is told by each list; what they hold by none. */
const COLUMNS = Object.keys(sourceRow.shape).join(', ').replace('sealed', `${SEALED_FIELDS} AS sealed`)

const listSources = statement({
  name: 'sources.list',
  sql: `SELECT ${COLUMNS} FROM sources WHERE org_id = {org:uuid} ORDER BY name`,
  row: sourceRow,
})
const allSources = statement({
  name: 'sources.all',
  sql: `SELECT org_id AS org, ${COLUMNS} FROM sources ORDER BY org_id, name`,
  row: sourceRow.extend({ org: z.string() }),
})
const findSource = statement({
  name: 'sources.find',
  sql: `SELECT ${COLUMNS} FROM sources WHERE org_id = {org:uuid} AND name = {name:text}`,
  row: sourceRow,
})
/** With its credentials, as of one moment: an address that has changed never meets the credential that was given for the other. */
const readWhole = statement({
  name: 'sources.read_whole',
  sql: `SELECT ${COLUMNS}, ${SEALED_TEXTS} AS credentials FROM sources WHERE org_id = {org:uuid} AND name = {name:text}`,
  row: sourceRow.extend({ credentials: sealedTexts }),
})
type WholeRow = z.infer<typeof readWhole.row>
const lockSource = statement({
  name: 'sources.lock',
  sql: 'SELECT id FROM sources WHERE org_id = {org:uuid} AND name = {name:text} FOR UPDATE',
  row: noRow,
})
const insertSource = statement({
  name: 'sources.insert',
  sql: `INSERT INTO sources (id, org_id, name, connector, config, cursors, every_minutes, created_at)
VALUES ({id:uuid}, {org:uuid}, {name:text}, {connector:text}, {config:jsonb}, '{}'::jsonb, {every:integer}, {now:timestamptz})
ON CONFLICT (org_id, name) DO NOTHING RETURNING id`,
  row: z.object({ id: z.string() }),
})
const updateSource = statement({
  name: 'sources.update',
  sql: `UPDATE sources SET config = {config:jsonb}, every_minutes = coalesce({every:integer}, every_minutes) WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const deleteSource = statement({
  name: 'sources.delete',
  sql: 'DELETE FROM sources WHERE org_id = {org:uuid} AND name = {name:text} RETURNING id',
  row: z.object({ id: z.string() }),
})
const saveCursor = statement({
  name: 'sources.save_cursor',
  sql: `UPDATE sources SET cursors = cursors || jsonb_build_object({stream:text}, {cursor:text}) WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const dropCursor = statement({
  name: 'sources.drop_cursor',
  sql: `UPDATE sources SET cursors = cursors - {stream:text} WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const attempted = statement({
  name: 'sources.attempted',
  sql: 'UPDATE sources SET last_attempt_at = {now:timestamptz} WHERE org_id = {org:uuid} AND id = {id:uuid}',
  row: noRow,
})
const succeeded = statement({
  name: 'sources.succeeded',
  sql: `UPDATE sources SET last_success_at = {now:timestamptz}, last_error = NULL, health = health || {health:jsonb} WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const failed = statement({
  name: 'sources.failed',
  sql: `UPDATE sources SET last_error = {reason:text}, health = health || jsonb_build_object('failures', coalesce((health->>'failures')::integer, 0) + 1, 'error_code', {code:text})
WHERE org_id = {org:uuid} AND id = {id:uuid}`,
  row: noRow,
})
const noteHealth = statement({
  name: 'sources.note_health',
  sql: 'UPDATE sources SET health = health || {health:jsonb} WHERE org_id = {org:uuid} AND name = {name:text}',
  row: noRow,
})

/** What the log of changes holds of a source: never a credential. */
function loggedOf({ connector, config, sealed, every_minutes }: Source): Record<string, unknown> {
  return { connector, config, credentials: sealed, every_minutes }
}

/** Another server of the same stores may have changed a source: for so long this one does not know. */
const BOOK_MS = 5_000

export function openSources(parts: { semantic: Semantic; registry: Registry; vault: Vault; clock: Clock }): Sources {
  const { semantic, registry, vault, clock } = parts
  // Asked for each item that is applied; a source's settings change by hand only, through `save`.
  const configs = new Map<string, unknown>()
  const ensured = new Set<string>()
  const paths = new Map<string, ReadonlyMap<string, readonly string[]>>()
  // Every source by name and by id: whether one exists is told from memory, known or not in the same time.
  let book: Map<string, (Source & { org: string })[]> | null = null
  let bookAt = 0
  const readBook = async () => {
    const all = await sources.all()
    const made = new Map<string, (Source & { org: string })[]>()
    for (const one of all) for (const key of [one.name, one.id]) made.set(key, [...(made.get(key) ?? []), one])
    book = made
    bookAt = clock.now()
    return made
  }
  const currentBook = async () => {
    if (book === null) return readBook()
    if (clock.now() - bookAt > BOOK_MS) {
      // Behind the answer, and kept as it was when the store is away: no delivery is refused for a restart of PostgreSQL.
      bookAt = clock.now()
      void readBook().catch(() => {})
    }
    return book
  }
  const keyOf = (org: string, name: string) => `${org} ${name}`
  const now = () => instant(clock.now())

  const credentials = openCredentials({ semantic, vault })

  /** The given settings with the credentials that stand, where they may be kept. */
  const complete = (org: string, existing: WholeRow | null, id: string, given: Readonly<Record<string, unknown>>): unknown => {
    const connector = connectorOf(registry, id)
    if (existing === null) return checkSettings(id, connector, given)
    const kept = existing.sealed.filter((field) => !(field in given))
    if (kept.length === 0) return checkSettings(id, connector, given)
    const secrets = credentials.open(org, existing.id, existing.credentials)
    const whole = checkSettings(id, connector, { ...Object.fromEntries(kept.map((field) => [field, secrets[field]])), ...given })
    const before = originOf(connector, connector.config.safeParse({ ...existing.config, ...secrets }).data)
    if (before !== originOf(connector, whole))
      throw new AppError('invalid-input', 'The address of the source changes, and its credential was given for the old one.', {
        help: `Give ${kept.join(', ')} again.`,
      })
    return whole
  }

  const sources: Sources = {
    list: (org) => semantic.query(listSources, { org }),
    all: () => semantic.query(allSources),
    find: (org, name) => semantic.one(findSource, { org, name }),
    async addressed(name) {
      return (await currentBook()).get(name) ?? []
    },
    async recalled(org, connector) {
      return [...new Set([...(await currentBook()).values()].flat())].filter((one) => one.org === org && one.connector === connector)
    },
    async draft(org, name, connector, config) {
      const existing = await semantic.one(readWhole, { org, name })
      return complete(org, existing?.connector === connector ? existing : null, connector, config)
    },
    async save(org, name, connector, config, everyMinutes = null, audited) {
      const { plain, secrets } = splitSecrets(connectorOf(registry, connector), config)
      // Settings and credentials together or not at all, and not while somebody else saves this source.
      const checked = await semantic.transaction(async (tx) => {
        await tx.query(lockSource, { org, name })
        const existing = await tx.one(readWhole, { org, name })
        if (existing !== null && existing.connector !== connector) {
          throw new AppError('conflict', `The source ${name} exists already and is a ${existing.connector} source.`, {
            help: 'Choose another name.',
          })
        }
        const whole = complete(org, existing, connector, config)
        const values = { id: existing?.id ?? randomUUID(), org, config: JSON.stringify(plain), every: everyMinutes }
        if (existing !== null) await tx.query(updateSource, values)
        else if ((await tx.one(insertSource, { ...values, name, connector, now: now() })) === null) {
          // Somebody else was faster; where nothing is to be set, that is as good.
          if (Object.keys(config).length === 0) return whole
          throw new AppError('conflict', `The source ${name} was added by somebody else in this moment.`, {
            help: 'Look at it, and save again.',
          })
        }
        // A credential shows only in that it was given, so whether it is another one is asked of what stood before.
        const standing = existing === null ? {} : credentials.open(org, existing.id, existing.credentials)
        const given = Object.keys(secrets).filter((field) => !isDeepStrictEqual(secrets[field], standing[field]))
        const fresh = Object.fromEntries(given.map((field) => [field, secrets[field]]))
        await credentials.save(tx, { org, source: values.id, secrets: fresh, now: now() })
        const after = await tx.one(readWhole, { org, name })
        const [was, is] = [existing, after].map((row) => (row === null ? null : loggedOf(row)))
        if (given.length > 0 || !isDeepStrictEqual(was, is)) {
          const before = was === null ? {} : { before: was }
          await audited?.(
            { action: 'source.saved', target: { type: 'source', id: values.id, name }, ...before, after: { ...is, given } },
            tx,
          )
        }
        return whole
      })
      configs.set(keyOf(org, name), checked)
      book = null
      paths.delete(org)
      const saved = await sources.find(org, name)
      if (saved === null) throw new AppError('internal', `The source ${name} could not be saved.`)
      return saved
    },
    async ensure(org, name, connector) {
      const key = keyOf(org, name)
      if (ensured.has(key)) return
      const existing = await semantic.one(findSource, { org, name })
      if (existing === null) await sources.save(org, name, connector, {}, 0)
      else if (existing.connector !== connector)
        throw new AppError('conflict', `The source ${name} exists already and is a ${existing.connector} source.`, {
          help: 'Send under another name.',
        })
      ensured.add(key)
    },
    async remove(org, name, data_removed, audited) {
      await semantic.transaction(async (tx) => {
        const before = await tx.one(findSource, { org, name })
        if (before === null || (await tx.one(deleteSource, { org, name })) === null) throw unknownSource(name)
        const target = { type: 'source', id: before.id, name }
        await audited?.({ action: 'source.removed', target, before: loggedOf(before), after: { data_removed } }, tx)
      })
      configs.delete(keyOf(org, name))
      book = null
      paths.delete(org)
      ensured.delete(keyOf(org, name))
    },
    async saveCursor(org, source, stream, cursor) {
      if (cursor === null) await semantic.query(dropCursor, { org, id: source.id, stream })
      else await semantic.query(saveCursor, { org, id: source.id, stream, cursor })
    },
    async attempted(org, source) {
      await semantic.query(attempted, { org, id: source.id, now: now() })
    },
    async succeeded(org, source, figures) {
      await semantic.query(succeeded, { org, id: source.id, now: now(), health: JSON.stringify({ failures: 0, ...figures }) })
    },
    async failed(org, source, { code, message }) {
      await semantic.query(failed, { org, id: source.id, code, reason: message.slice(0, 500) })
    },
    async noteHealth(org, name, figures) {
      await semantic.query(noteHealth, { org, name, health: JSON.stringify(figures) })
    },
    credentialsOf: (org, { id }) => credentials.told(org, id),
    unopenedCredentials: credentials.unopened,
    rotateKeys: credentials.rotateKeys,
    async pulls(org, source) {
      const connector = registry.connectors.get(source.connector)
      if (connector === undefined) return false
      const config = await sources.configOf(org, source.name, source.connector)
      return Object.keys(connector.streams).some((stream) => isPulled(connector, config, stream))
    },
    async pathsOf(org) {
      const known = paths.get(org)
      if (known !== undefined) return known
      const found = new Map<string, string[]>()
      for (const { name, connector } of await sources.list(org)) {
        const config = (await sources.configOf(org, name, connector)) as { deployments?: unknown } | null
        const rules = z.array(deploymentRule).safeParse(config?.deployments).data ?? []
        for (const [service, globs] of pathsOfServices(rules)) found.set(service, [...(found.get(service) ?? []), ...globs])
      }
      paths.set(org, found)
      return found
    },
    async configOf(org, name, connector) {
      const key = keyOf(org, name)
      if (configs.has(key)) return configs.get(key)
      const row = await semantic.one(readWhole, { org, name })
      const config =
        row === null
          ? (registry.connectors.get(connector)?.config.safeParse({}).data ?? {})
          : checkSettings(row.connector, connectorOf(registry, row.connector), {
              ...row.config,
              ...credentials.open(org, row.id, row.credentials),
            })
      configs.set(key, config)
      return config
    },
  }
  return sources
}

/** Where the credentials of these settings go; '' when they go nowhere. */
function originOf(connector: Connector, config: unknown): string {
  if (connector.api === undefined || config === undefined) return ''
  try {
    return new URL(connector.api(config).base).origin
  } catch {
    return 'unreadable'
  }
}

export function unknownSource(name: string): AppError {
  return new AppError('not-found', `There is no source ${JSON.stringify(name)}.`, { help: 'List them with `fairlead sources list`.' })
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
