import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openAccess } from './account/access.ts'
import { openAudit } from './account/audit.ts'
import { openEmitterKeys } from './account/emitter-keys.ts'
import { openForgotten } from './account/forgotten.ts'
import { openLockout } from './account/lockout.ts'
import { mailSettingsOf } from './account/mail-settings.ts'
import { openMail } from './account/mail.ts'
import { openMembers } from './account/members.ts'
import { oidcSettingsOf } from './account/oidc-settings.ts'
import { openOidc } from './account/oidc.ts'
import { openOrganizations } from './account/organizations.ts'
import { openSignIn } from './account/sign-in.ts'
import { openSingleSignOn } from './account/single-sign-on.ts'
import { newToken } from './account/token-text.ts'
import { openTokens } from './account/tokens.ts'
import { openUsers } from './account/users.ts'
import { createApp } from './api/app.ts'
import type { Services } from './api/services.ts'
import { systemClock } from './clock.ts'
import { closing } from './closing.ts'
import type { Config } from './config.ts'
import { AppError, asAppError } from './errors.ts'
import { createApplier } from './ingest/applier.ts'
import { noChange } from './ingest/apply.ts'
import { openDatabases } from './ingest/database.ts'
import { loadDemo, removeDemo } from './ingest/demo.ts'
import { createGit } from './git/run.ts'
import type { Asking } from './ingest/asking.ts'
import { addressRules, createDispatcher } from './ingest/http-address.ts'
import { openJournal } from './ingest/journal.ts'
import { pullSource } from './ingest/pull.ts'
import { openQuarantine } from './ingest/quarantine.ts'
import { removeSourceRows, sourcesWithItems } from './ingest/remove.ts'
import { replaySource } from './ingest/replay.ts'
import { ONLY_DERIVED, openRereading } from './ingest/reread.ts'
import { requireSameJournal } from './ingest/same-journal.ts'
import { exportLake } from './lake/export-lake.ts'
import { openLake, requireLake } from './lake/open-lake.ts'
import { readRoster } from './lake/roster.ts'
import type { Log } from './log.ts'
import { createDeriver } from './measure/derive.ts'
import { createAsOf } from './operate/as-of.ts'
import { examineInstallation } from './operate/doctor/doctor.ts'
import { verifyChain } from './operate/verify.ts'
import { openPeople } from './people/people.ts'
import { PROGRAM_VERSION } from './program.ts'
import { openStores, type Stores } from './store/open-stores.ts'
import { loadRegistry } from './registry.ts'
import type { Secret } from './secret.ts'
import { openBenchmarks } from './settings/benchmarks.ts'
import { createChoiceCopy } from './settings/choice-copy.ts'
import { openProjects } from './settings/projects.ts'
import { openSettings } from './settings/setting-book.ts'
import { deriveRulesOf } from './settings/settings.ts'
import { createHookHealth } from './source/health.ts'
import { openNames } from './source/names.ts'
import { createSchedule } from './source/schedule.ts'
import { openSources, unknownSource } from './source/sources.ts'
import { openVault } from './source/vault.ts'
import { bringUp } from './store/bring-up.ts'
import type { DataDirectory } from './store/data-directory.ts'
import { logSteps } from './store/step-log.ts'
import { openTeamDrift } from './team/drift.ts'
import { openMembers as openTeamMembers } from './team/members.ts'
import { openTeams } from './team/teams.ts'

/** The composition root: settings → stores → registries → application. The only place that constructs things. */
export interface Fairlead {
  readonly services: Services
  readonly app: ReturnType<typeof createApp>
  readonly dataDirectory: DataDirectory
  /** The administrator's token of this process. */
  readonly token: Secret
  close(): Promise<void>
}

export interface OpenOptions {
  readonly log: Log
  /** Who migrates, in the ledger: `server` or `cli`. */
  readonly actor: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Called when the process can no longer acknowledge anything and must end. */
  onFatal?(error: AppError): void
}

export async function openFairlead(config: Config, options: OpenOptions): Promise<Fairlead> {
  const { log } = options
  const clock = systemClock
  const closers = closing(log)
  const { close } = closers
  try {
    const oidcSettings = oidcSettingsOf(config)
    const mailSettings = mailSettingsOf(config)
    const stores = await openStores(config, { ...options, onStep: logSteps(log), beginNew: true })
    closers.add(stores.close)
    const { dataDirectory, semantic, analytics, migrators } = stores
    const registry = await loadRegistry()
    await bringUp(migrators.semantic, log)

    const token = newToken()
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
    const audit = openAudit({ semantic, clock })
    const people = { semantic, clock, audit }
    const choices = createChoiceCopy({ semantic, analytics, log })
    closers.add(() => choices.stop())
    const organizations = openOrganizations({ ...people, made: choices.write })
    const vault = await openVault(dataDirectory.path, config.FAIRLEAD_SECRET_KEY, config.FAIRLEAD_SECRET_KEY_OLD)
    const emitterKeys = openEmitterKeys({ semantic, vault, clock, log })
    const home = await organizations.home(timeZone)
    const access = openAccess({ semantic, clock, processToken: token, organizations, home, emitterKeys })
    const signIn = openSignIn({ ...people, access, lockout: openLockout({ semantic, clock }), log })
    const proxy = { proxy: config.HTTPS_PROXY, noProxy: config.NO_PROXY }
    // Whoever runs the server names the provider, so its address may be any, also one of the own network.
    const providerDispatcher = createDispatcher(addressRules(['all']), proxy)
    closers.add(() => providerDispatcher.destroy())
    const oidc = openOidc({ settings: oidcSettings, semantic, clock, dispatcher: providerDispatcher })
    const singleSignOn = openSingleSignOn({ ...people, access, newcomers: oidcSettings?.newcomers ?? null })
    const mail = await openMail(mailSettings, log)
    const forgotten = openForgotten({
      ...people,
      access,
      lockout: openLockout({ semantic, clock }, 'forgotten'),
      mail,
      providers: oidc.providers.map(({ title }) => title),
      log,
    })
    closers.add(async () => {
      await forgotten.settled()
      mail.close()
    })
    const sources = openSources({ semantic, registry, vault, clock })
    const names = openNames({ semantic, clock })
    const teams = openTeams({ semantic, analytics, clock, log })
    closers.add(() => teams.set.stop())
    const rules = addressRules(config.FAIRLEAD_ALLOW_ADDRESSES)
    const dispatcher = createDispatcher(rules, proxy)
    closers.add(() => dispatcher.destroy())
    const databases = openDatabases({ rules, own: config.MYSQL_URI, log })
    closers.add(() => databases.close())
    const asking: Asking = { git: createGit(options.environment), database: databases.open, dispatcher, rules, clock, log }
    const journal = await openJournal({
      directory: dataDirectory.journal,
      log,
      clock,
      maxPendingBytes: config.FAIRLEAD_JOURNAL_LIMIT,
      reserveBytes: config.FAIRLEAD_DISK_RESERVE,
      ...(options.onFatal === undefined ? {} : { onFatal: options.onFatal }),
    })
    closers.add(() => journal.close())
    const copied = { semantic, clock, changed: choices.write }
    const settings = openSettings(copied)
    const benchmarks = openBenchmarks({ ...copied, settings })
    const projects = openProjects(copied)
    const rulesOf = async (org: string) => deriveRulesOf(await settings.of(org))
    const deriver = createDeriver({ analytics, clock, pathsOf: sources.pathsOf, rulesOf })
    const quarantineDirectory = join(dataDirectory.path, 'quarantine')
    const quarantine = openQuarantine(quarantineDirectory)
    const configOf = sources.configOf
    const namesOf = names.namesOf
    const asOf = createAsOf({ analytics, registry, configOf, namesOf, deriver, rulesOf, log })
    const reread = await openRereading({
      file: join(dataDirectory.path, 'reread.json'),
      log,
      async read(org, source, signal) {
        const owed = source === null ? await sourcesWithItems(analytics, org) : [source].filter((one) => one !== ONLY_DERIVED)
        for (const name of owed) await replay(org, name, { signal, progress() {} })
        // Rules may have given a service another part of its repository, which no row tells.
        await applier.alone(org, async () => {
          await deriver.rebuild(org)
          return noChange()
        })
      },
    })
    const applier = createApplier({
      journal,
      analytics,
      registry,
      configOf,
      namesOf,
      quarantine,
      clock,
      log,
      async derive(org, change) {
        await deriver.derive(org, {
          scopes: [...change.scopes.values()],
          repositories: [...change.repositories],
          unplacedIncidents: change.unplacedIncidents,
        })
      },
      async onRenames(org, renames) {
        await reread.after(org, null, async () => {
          const changed = await Promise.all([...renames].map(([old, name]) => names.set(org, 'repository', old, name)))
          return changed.includes(true)
        })
      },
    })
    // Together: what is read again waits for the applier, which may itself wait for a store that is away.
    closers.add(() => Promise.all([reread.stop(), applier.stop()]))

    const stopping = new AbortController()
    let notReady: string | null = 'the schema of the analytics store has not been checked yet'
    closers.add(async () => stopping.abort())
    /** A server that is away does not keep the door shut: events go to the journal, and this goes on trying. */
    const prepareAnalytics = async (): Promise<void> => {
      try {
        await bringUp(migrators.analytics, log)
        await requireSameJournal(analytics, journal, dataDirectory.journal)
        await teams.set.mend()
        await choices.mend()
        notReady = null
        applier.start()
        await asOf.clean()
      } catch (thrown) {
        const error = asAppError(thrown)
        if (error.code !== 'store-unavailable' || !stores.analyticsIsServer) throw error
        if (stopping.signal.aborted) return
        notReady = error.message
        log.warn('analytics.away', { reason: error.message })
        setTimeout(() => void prepareAnalytics().catch((late: unknown) => options.onFatal?.(asAppError(late))), 2_000).unref()
      }
    }
    await prepareAnalytics()
    // A reserve that is given back when the disk is full, so that the stores can still tidy up.
    void dataDirectory.restoreBallast().catch((thrown: unknown) => log.warn('ballast.missing', { reason: String(thrown) }))

    const replay: Services['replay'] = async (org, name, { signal, progress }) => {
      const parts = { analytics, registry, configOf, namesOf, log }
      return replaySource(parts, org, name, {
        signal,
        run: (page) => applier.alone(org, page),
        progress: (done, total) => progress(done, total, 'items'),
      })
    }
    if (options.actor === 'server') reread.start()

    // One pull of a source at a time; who comes second has its turn after the first.
    const turns = new Map<string, Promise<unknown>>()
    const pull: Services['pull'] = async (org, name, pullOptions) => {
      const key = `${org} ${name}`
      const before = turns.get(key) ?? Promise.resolve()
      const mine = before
        .catch(() => {})
        .then(async () => {
          const source = await sources.find(org, name)
          if (source === null) throw unknownSource(name)
          return pullSource({ registry, sources, journal, analytics, asking }, org, source, pullOptions)
        })
      turns.set(key, mine)
      try {
        return await mine
      } finally {
        if (turns.get(key) === mine) turns.delete(key)
      }
    }
    const schedule = createSchedule({
      sources,
      clock,
      log,
      pull: (org, name, { streams, signal }) => pull(org, name, { full: false, streams, signal, progress() {} }),
    })
    closers.add(() => schedule.stop())
    if (options.actor === 'server') schedule.start()
    const hookHealth = createHookHealth({ sources, clock, log })
    closers.add(() => hookHealth.close())
    const providersOf = async (org: string) => new Map((await sources.list(org)).map((one) => [one.name, one.connector]))
    const known = openPeople({
      semantic,
      analytics,
      clock,
      audit,
      head: () => applier.stats().visible,
      providersOf,
    })
    const services: Services = {
      version: PROGRAM_VERSION,
      registry,
      semantic,
      analytics,
      journal,
      applier,
      access,
      organizations,
      users: openUsers(people),
      members: openMembers(people),
      tokens: openTokens(people),
      emitterKeys,
      signIn,
      oidc,
      singleSignOn,
      mail,
      forgotten,
      publicUrl: config.FAIRLEAD_PUBLIC_URL,
      audit,
      sources,
      names,
      settings,
      benchmarks,
      projects,
      teams,
      people: known,
      teamMembers: openTeamMembers({ semantic, clock, audit, teams, people: known }),
      teamDrift: openTeamDrift({ semantic, analytics, clock, audit, teams, providersOf }),
      quarantine,
      hooks: { sources, registry, journal, clock, health: hookHealth, poke: schedule.poke },
      asking,
      lake: config.MYSQL_URI,
      clock,
      log,
      pull,
      replay,
      reread,
      async removeSource(org, name, data, audited) {
        // What it told can be removed afterwards, too: also where that was broken off.
        const isConnected = (await sources.find(org, name)) !== null
        if (isConnected) await sources.remove(org, name, data, audited)
        else if (!data || !(await sourcesWithItems(analytics, org)).includes(name)) throw unknownSource(name)
        else
          await audited({ action: 'source.removed', target: { type: 'source', id: name, name }, after: { data_removed: true } }, semantic)
        if (!data) return
        await applier.alone(org, async () => removeSourceRows(analytics, org, name))
      },
      asOf: asOf.at,
      lagSeconds: () => applier.lagSeconds(),
      verify: () => verifyChain({ journal, analytics, quarantineDirectory }),
      doctor: () =>
        examineInstallation({
          version: PROGRAM_VERSION,
          clock,
          log,
          directory: dataDirectory.path,
          reserveBytes: config.FAIRLEAD_DISK_RESERVE,
          lake: config.MYSQL_URI,
          semantic,
          analytics,
          migrators,
          running: {
            journal,
            applier,
            journalLimitBytes: config.FAIRLEAD_JOURNAL_LIMIT,
            analyticsAway: () => notReady,
            sources,
            vault,
            keyGiven: config.FAIRLEAD_SECRET_KEY !== null,
            oldKeyGiven: config.FAIRLEAD_SECRET_KEY_OLD !== null,
            organizations,
          },
        }),
      async exportLake(org, schema, to, exportOptions) {
        const mysql = await openLake(to === undefined ? requireLake(config.MYSQL_URI?.reveal()) : requireLake(to, '--to'), { log })
        try {
          await choices.mend(org)
          const chosen = {
            projects: (of: string) => projects.list(of),
            roster: (of: string) => readRoster({ semantic, clock, people: known, providersOf }, of),
          }
          const parts = { analytics, choices: chosen, clock, head: () => applier.stats().visible }
          const tables = await exportLake(parts, org, mysql, schema, exportOptions)
          return { lake: mysql.describe, tables }
        } finally {
          await mysql.close()
        }
      },
      async loadDemo(org, signal) {
        await removeDemo(analytics, org)
        const { events, last } = await loadDemo(journal, clock, org)
        await applier.visible(last, last, signal)
        return { events }
      },
      async removeDemo(org) {
        await removeDemo(analytics, org)
        return { events: 0 }
      },
      async readiness() {
        const reasons = [notReady, applier.stats().waitingFor, journal.stats().broken].filter((one) => one !== null)
        const checks = await Promise.allSettled([answersInTime(semantic), notReady === null ? answersInTime(analytics) : Promise.resolve()])
        for (const check of checks) if (check.status === 'rejected') reasons.push(asAppError(check.reason).message)
        return [...new Set(reasons)]
      },
    }
    return { services, app: createApp(services), dataDirectory, token, close }
  } catch (thrown) {
    await close()
    throw thrown
  }
}

/** Who asks whether it is ready waits for no store that does not answer. */
const READY_MS = 5_000
async function answersInTime(store: Stores['semantic' | 'analytics']): Promise<void> {
  const silent = new AppError('store-unavailable', `${store.describe} does not answer within ${READY_MS / 1_000} s.`)
  const isLate = await Promise.race([store.ping().then(() => false), sleep(READY_MS, true, { ref: false })])
  if (isLate) throw silent
}

/** What a second command needs to find the running server of a data directory. */
export interface ServerFile {
  readonly url: string
  readonly token: string
  readonly pid: number
}

export async function writeServerFile(directory: string, content: ServerFile): Promise<() => Promise<void>> {
  const path = join(directory, 'server.json')
  await mkdir(directory, { recursive: true })
  await writeFile(`${path}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return () => rm(path, { force: true })
}
