import { z } from 'zod'
import type { Access } from '../account/access.ts'
import type { Note } from '../account/audit.ts'
import type { EmitterKeys } from '../account/emitter-keys.ts'
import { isPulled, type Check, type Handover } from '../connector.ts'
import { asAppError } from '../errors.ts'
import { askOf, type Asking } from '../ingest/asking.ts'
import type { Registry } from '../registry.ts'
import type { Secret } from '../secret.ts'
import { connectorOf, type Sources } from '../source/sources.ts'

/** What another tool was connected to becomes sources, and the keys of those who send to it go on working. */
export const handedConnection = z.object({
  kind: z.string(),
  name: z.string(),
  /** The source that it is here; null where it became none. */
  source: z.string().nullable(),
  result: z.enum(['new', 'made', 'exists', 'unsupported', 'sealed', 'undecryptable', 'unusable']),
  /** Whether its tool says that it can be read; null where it was not asked. */
  check: z.enum(['ok', 'failed']).nullable(),
  notes: z.array(z.string()),
})
export const handedKey = z.object({
  name: z.string(),
  path: z.string(),
  expires_at: z.string().nullable(),
  result: z.enum(['new', 'taken', 'exists', 'expired', 'unusable', 'sealed']),
  why: z.string().nullable(),
})
export type HandedConnection = z.infer<typeof handedConnection>
export type HandedKey = z.infer<typeof handedKey>

export interface HandoverParts {
  readonly registry: Registry
  readonly sources: Sources
  readonly access: Access
  readonly emitterKeys: EmitterKeys
  readonly asking: Asking
}

interface Asked {
  readonly secret: Secret | null
  readonly dryRun: boolean
  readonly audited: Note
  readonly signal: AbortSignal
  progress(done: number, total: number | null, what: string): void
}

/**
 * A source is made, asked whether it can work, and left without a time: what it tells is mostly in the database, too, and would count twice. One of
 * its name that is here stays as it is.
 */
export async function saveConnections(
  { registry, sources, asking }: HandoverParts,
  org: string,
  told: Handover['connections'],
  { dryRun, audited, signal, progress }: Asked,
): Promise<HandedConnection[]> {
  const report: HandedConnection[] = []
  for (const [index, { kind, name, source, why, notes }] of told.entries()) {
    progress(index, told.length, 'connections')
    const said = { kind, name, source: source?.name ?? null, check: null }
    if (source === null || why !== null) {
      report.push({ ...said, result: why ?? 'unsupported', notes: [...notes] })
      continue
    }
    const standing = await clashing(sources, org, source)
    if (standing !== null) {
      report.push({ ...said, source: standing, result: 'exists', notes: [] })
      continue
    }
    try {
      const config = await sources.draft(org, source.name, source.connector, source.config)
      if (dryRun) {
        report.push({ ...said, result: 'new', notes: [...notes] })
        continue
      }
      await sources.save(org, source.name, source.connector, source.config, 0, audited)
      const found = await checked({ registry, asking, signal }, source.connector, config)
      const check = found === null ? null : found.ok ? ('ok' as const) : ('failed' as const)
      report.push({ ...said, result: 'made', check, notes: [...notes, ...(found?.missing ?? [])] })
    } catch (thrown) {
      signal.throwIfAborted()
      const error = asAppError(thrown)
      // What cannot be stored is about the settings; everything else is no word about this connection.
      if (error.code !== 'invalid-input' && error.code !== 'conflict') throw error
      report.push({ ...said, source: null, result: 'unusable', notes: [...notes, error.message] })
    }
  }
  return report
}

/** The name of the source that stands in its place. For a webhook, what was sent to its number before, too: else half of it would be elsewhere. */
async function clashing(
  sources: Sources,
  org: string,
  { name, connector, config }: NonNullable<Handover['connections'][number]['source']>,
) {
  if ((await sources.find(org, name)) !== null) return name
  const { connection } = config
  if (typeof connection !== 'string') return null
  const numbered = `${connector}-${connection}`
  const all = (await sources.list(org)).filter((one) => one.connector === connector)
  return all.find((one) => one.name === numbered || one.config['connection'] === connection)?.name ?? null
}

/** Somebody waits, and a tool that is away says nothing about the others. */
async function checked(
  { registry, asking, signal }: Pick<HandoverParts, 'registry' | 'asking'> & { signal: AbortSignal },
  id: string,
  config: unknown,
): Promise<Check | null> {
  const connector = connectorOf(registry, id)
  if (connector.check === undefined || !Object.keys(connector.streams).some((stream) => isPulled(connector, config, stream))) return null
  try {
    return await connector.check(askOf(asking, connector, config, { signal, isHasty: true }) as never)
  } catch (thrown) {
    signal.throwIfAborted()
    const { message, help } = asAppError(thrown)
    return { ok: false, missing: [help === null ? message : `${message} ${help}`] }
  }
}

export async function saveKeys(
  { emitterKeys, access, asking }: HandoverParts,
  org: string,
  told: Handover['keys'],
  { secret, dryRun, audited }: Asked,
): Promise<HandedKey[]> {
  const now = asking.clock.now()
  const standing = await emitterKeys.known(told.map(({ digest }) => digest))
  const judged = told.map((key): HandedKey => {
    const { name, path, expires_at, digest, why } = key
    const result = standing.has(digest)
      ? 'exists'
      : why !== null
        ? 'unusable'
        : expires_at !== null && Date.parse(expires_at) <= now
          ? 'expired'
          : secret === null
            ? 'sealed'
            : 'new'
    return { name, path, expires_at, result, why: result === 'unusable' ? why : null }
  })
  const fresh = told.filter((_one, index) => judged[index]?.result === 'new')
  if (dryRun || secret === null || fresh.length === 0) return judged
  const results = await emitterKeys.takeOver(org, secret, fresh, audited)
  access.forget()
  return judged.map((one, index) => {
    const at = fresh.indexOf(told[index] as (typeof fresh)[number])
    return at < 0 ? one : { ...one, result: results[at] ?? 'exists' }
  })
}
