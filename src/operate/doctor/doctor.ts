import { setTimeout as sleep } from 'node:timers/promises'
import type { Organizations } from '../../account/organizations.ts'
import { instant, type Clock } from '../../clock.ts'
import { asAppError } from '../../errors.ts'
import type { Applier } from '../../ingest/applier.ts'
import type { Journal } from '../../ingest/journal.ts'
import { openLake, requireLake } from '../../lake/open-lake.ts'
import type { Log } from '../../log.ts'
import type { Secret } from '../../secret.ts'
import type { Sources } from '../../source/sources.ts'
import type { Vault } from '../../source/vault.ts'
import type { Analytics } from '../../store/analytics.ts'
import type { Migrator } from '../../store/migrate.ts'
import { lakeMigrator, schemaOfLake, type StoreName } from '../../store/schema.ts'
import type { Mysql } from '../../store/mysql.ts'
import type { Semantic } from '../../store/semantic.ts'
import { clickhouseChecks, clockOf as clickhouseClock } from './clickhouse.ts'
import { examine, sayAway } from './examine.ts'
import {
  LEVELS,
  notesOn,
  PARTS,
  sayer,
  type DoctorReport,
  type Finding,
  type Part,
  type Say,
  type StoreNotes,
  type StoreReport,
} from './finding.ts'
import { sayDisk, sayPermissions, sayVersions } from './machine.ts'
import { clockOf as mysqlClock, mysqlChecks } from './mysql.ts'
import { clockOf as postgresClock, postgresChecks } from './postgres.ts'
import { saySchema } from './schema.ts'
import { sayJournal, sayKeys, saySources } from './workings.ts'

/** What every examination has. A store that could not be opened is the reason why. */
export interface Installation {
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly directory: string
  readonly reserveBytes: number
  readonly lake: Secret | null
  readonly semantic: Semantic | { readonly thrown: unknown; readonly describe: string }
  readonly analytics: Analytics | { readonly thrown: unknown; readonly describe: string }
  /** Null where they cannot be asked: they need both stores. */
  readonly migrators: Record<StoreName, Migrator> | null
  /** Null where the program itself does not run. */
  readonly running: {
    readonly journal: Journal
    readonly applier: Applier
    readonly journalLimitBytes: number
    /** Why the analytics store is not in use yet. */
    analyticsAway(): string | null
    readonly sources: Sources
    readonly vault: Vault
    readonly keyGiven: boolean
    readonly oldKeyGiven: boolean
    readonly organizations: Organizations
  } | null
}

/** A store that is asked for longer than this answers nobody. */
const PATIENCE_MS = 20_000

/** Examines everything at once, part by part; one that does not answer in time keeps nobody waiting. */
export async function examineInstallation(installation: Installation): Promise<DoctorReport> {
  const { clock, directory, lake, log, reserveBytes, running, version } = installation
  const now = () => clock.now()
  const parts: Promise<{ findings: Finding[]; notes: StoreReport | null }>[] = [
    bounded('program', async (say) => sayVersions(say, version)),
    bounded('disk', async (say) => {
      await sayDisk(say, directory, reserveBytes)
      await sayPermissions(say, directory)
    }),
    ofStore('semantic', installation.semantic, async (store, notes, findings, signal) => {
      notes.version = store.version
      await examine(store, notes, findings, { checks: postgresChecks(), clock: postgresClock, now, signal })
      if (notes.reached && installation.migrators !== null)
        await saySchema(sayer(findings, 'semantic'), installation.migrators.semantic, 'semantic')
    }),
    ofStore('analytics', installation.analytics, async (store, notes, findings, signal) => {
      await examine(store, notes, findings, { checks: clickhouseChecks(), clock: clickhouseClock, now, signal })
      if (notes.reached && installation.migrators !== null)
        await saySchema(sayer(findings, 'analytics'), installation.migrators.analytics, 'analytics')
    }),
  ]
  if (lake !== null) parts.push(ofLake(lake, { log, now }))
  if (running !== null) {
    const { journal, applier, organizations, sources, vault } = running
    parts.push(
      bounded('journal', async (say) =>
        sayJournal(say, { journal, applier, limitBytes: running.journalLimitBytes, analyticsAway: running.analyticsAway() }),
      ),
      bounded('key', (say) => sayKeys(say, { sources, keys: vault.countKeys(), given: running.keyGiven, oldGiven: running.oldKeyGiven })),
      bounded('sources', async (say) => {
        const slugs = new Map((await organizations.list()).map(({ id, slug }) => [id, slug]))
        await saySources(say, { sources, slugs, clock })
      }),
    )
  }
  const examined = await Promise.all(parts)
  const findings = examined
    .flatMap((one) => one.findings)
    .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || PARTS.indexOf(a.store) - PARTS.indexOf(b.store))
  return {
    at: instant(clock.now()),
    version,
    holds: findings.every(({ level }) => level !== 'failure'),
    findings,
    stores: examined.flatMap(({ notes }) => (notes === null ? [] : [notes])),
  }
}

async function bounded(part: Part, work: (say: Say) => Promise<void>): Promise<{ findings: Finding[]; notes: null }> {
  const findings: Finding[] = []
  const say = sayer(findings, part)
  const late = await inTime(async () => {
    await work(say).catch((thrown: unknown) => {
      const error = asAppError(thrown)
      // These ask the stores, which say themselves that they are away.
      if (error.code === 'store-unavailable') say('untold', 'note', `Not told: ${error.message}`, 'See the findings of the store.')
      else say('examined', 'failure', error.message, error.help ?? 'The log has the details.')
    })
  })
  if (late) say('untold', 'note', `Not told within ${PATIENCE_MS / 1_000} s.`, 'See the findings of the stores.')
  return { findings: [...findings], notes: null }
}

async function ofStore<S extends Semantic | Analytics | Mysql>(
  name: StoreReport['store'],
  store: S | { readonly thrown: unknown; readonly describe: string },
  work: (store: S, notes: StoreNotes, findings: Finding[], signal: AbortSignal) => Promise<void>,
): Promise<{ findings: Finding[]; notes: StoreReport }> {
  const notes = notesOn(name, store.describe)
  const findings: Finding[] = []
  const say = sayer(findings, name)
  if ('thrown' in store) {
    sayAway(say, store.thrown)
    return { findings, notes }
  }
  const ended = new AbortController()
  const late = await inTime(() =>
    work(store, notes, findings, ended.signal).catch((thrown: unknown) => {
      const error = asAppError(thrown)
      say('examined', 'failure', error.message, error.help ?? 'The log has the details.')
    }),
  )
  ended.abort()
  if (late)
    say(
      'reach',
      'failure',
      `It did not answer within ${PATIENCE_MS / 1_000} s.`,
      'Look at the load of the server, and whether a firewall in between drops connections that are idle.',
    )
  return { findings: [...findings], notes: { ...notes } }
}

/** Whether it took too long. It goes on then, and nobody listens. */
async function inTime(work: () => Promise<void>): Promise<boolean> {
  const patience = new AbortController()
  try {
    return await Promise.race([work().then(() => false), sleep(PATIENCE_MS, true, { signal: patience.signal, ref: false })])
  } finally {
    patience.abort()
  }
}

async function ofLake(uri: Secret, { log, now }: { log: Log; now: () => number }): Promise<{ findings: Finding[]; notes: StoreReport }> {
  let lake: Mysql | { thrown: unknown; describe: string }
  try {
    const target = requireLake(uri.reveal())
    lake = await openLake(target, { log, connections: 1 }).catch((thrown: unknown) => ({ thrown, describe: `MySQL at ${target.describe}` }))
  } catch (thrown) {
    lake = { thrown, describe: 'MYSQL_URI' }
  }
  const examined = await ofStore<Mysql>('lake', lake, async (store, notes, findings, signal) => {
    notes.version = /^\S+ [\d.]+/.exec(store.describe)?.[0] ?? null
    await examine(store, notes, findings, { checks: mysqlChecks, clock: mysqlClock, now, signal })
    if (notes.reached) {
      const schema = (await schemaOfLake(store)) ?? undefined
      await saySchema(sayer(findings, 'lake'), lakeMigrator(store, { actor: 'doctor' }, schema), 'lake')
    }
  })
  if (!('thrown' in lake)) void lake.close().catch(() => {})
  return examined
}
