import { z } from 'zod'
import type { Attempt } from '../../domain/attempt.ts'
import { byTime } from '../../domain/deployment.ts'
import type { IncidentLink } from '../../domain/incident-link.ts'
import { TABLES, type TableName } from '../../domain/tables.ts'
import { instant, type Clock } from '../clock.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows, type Envelope } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import { resolveAttempts } from './attempts.ts'
import { createAttributor, type PathsOf } from './attribute.ts'
import { BEGINNING, readFacts, readHistory, servicesWithShipments, type DeploymentFact, type ScopeFacts } from './derive-facts.ts'
import { deriveWindow } from './derive-window.ts'
import { linkIncidents } from './incident-links.ts'
import type { Attribution, CommitGraph } from './shipments.ts'

/** One service in one environment: the unit in which attempts, links and shipments are derived. */
export interface Scope {
  readonly environment: string
  readonly service: string
  /** The earliest moment of what changed; absent or '' when all may have changed. */
  readonly from?: string
}

/** What a batch touched, so that only that is derived again. */
export interface Touched {
  readonly scopes: readonly Scope[]
  /** Repositories whose commits changed: every scope that may deploy from them. */
  readonly repositories: readonly string[]
  /** Incidents that name no service: every scope that was deployed shortly before they opened. */
  readonly unplacedIncidents: boolean
}

/** Settings of the organization that change what is derived. */
export interface DeriveRules {
  readonly firstDeploymentShipsWholeHistory: boolean
  readonly incidentLinkWindowMs: number
}

export const DERIVE_RULES: DeriveRules = { firstDeploymentShipsWholeHistory: false, incidentLinkWindowMs: 24 * 3_600_000 }

/** Services are derived together up to so many deployments: about 100 MB of rows at a time. */
const GROUP_DEPLOYMENTS = 40_000
/** And so many services: their names travel as parameters. */
const GROUP_SERVICES = 1_000
/**
 * A change is derived out of the days before it, and out of more of them where those do not prove to be enough. Few deployments (60 ms for
 * 2,000) are derived whole at once: looking for a proof costs more.
 */
const SPANS_MS = [2, 16, 128].map((days) => days * 86_400_000)
const WHOLE_UP_TO = 2_000

const sizedScope = z.object({ environment: z.string(), service: z.string(), deployments: z.coerce.number() })
type SizedScope = z.infer<typeof sizedScope> & Pick<Scope, 'from'>

const scopesOfRepositories = statement({
  name: 'derive.scopes_of_repositories',
  sql: `SELECT environment, service, count() AS deployments FROM all_deployments
WHERE org_id = {org:UUID} AND (repository IN {repositories:Array(String)} OR (repository IS NULL AND revision IS NOT NULL)) GROUP BY environment, service`,
  row: sizedScope,
})

const allScopes = statement({
  name: 'derive.all_scopes',
  sql: 'SELECT environment, service, count() AS deployments FROM all_deployments WHERE org_id = {org:UUID} GROUP BY environment, service',
  row: sizedScope,
})

const sizesOfScopes = statement({
  name: 'derive.sizes_of_scopes',
  sql: `SELECT environment, service, count() AS deployments FROM all_deployments
WHERE org_id = {org:UUID} AND environment IN {environments:Array(String)} AND service IN {services:Array(String)} GROUP BY environment, service`,
  row: sizedScope,
})

const sizesSince = statement({
  name: 'derive.sizes_since',
  sql: `SELECT environment, service, count() AS deployments FROM all_deployments
WHERE org_id = {org:UUID} AND environment = {environment:String} AND service IN {services:Array(String)} AND at >= {from:DateTime64(3)} GROUP BY environment, service`,
  row: sizedScope,
})

export interface Deriver {
  /** Derives again what was touched; returns how many scopes that were. */
  derive(org: string, touched: Touched, rules?: DeriveRules): Promise<number>
  /** Derives everything of an organization anew. Nothing but time is lost if the derived tables are emptied before. */
  rebuild(org: string, rules?: DeriveRules): Promise<number>
}

/** Services of one environment that are derived together. */
interface Group {
  readonly environment: string
  readonly services: string[]
  deployments: number
  /** The earliest moment of what changed in any of them; '' when all may have changed. */
  from: string
}

type Derived = Record<string, unknown> & Omit<Envelope, 'org_id' | 'seen_at' | 'is_deleted'>
type DerivedTable = 'attempts' | 'shipments' | 'incident_links'

/**
 * `graphFrom`: who has just read a history need not have it read back from the store, and has no changes. `wholeUpTo`, `spansMs`: for tests,
 * which go the short way even for a few deployments. When what `pathsOf` says changes, the organization is to be rebuilt.
 */
export function createDeriver({
  analytics,
  clock,
  graphFrom,
  pathsOf,
  rulesOf = async () => DERIVE_RULES,
  wholeUpTo = WHOLE_UP_TO,
  spansMs = SPANS_MS,
}: {
  analytics: Analytics
  clock: Clock
  graphFrom?: (org: string, repository: string) => CommitGraph
  pathsOf?: PathsOf
  /** The rules by which an organization's derived rows stand. When what it says changes, the organization is to be rebuilt. */
  rulesOf?: (org: string) => Promise<DeriveRules>
  wholeUpTo?: number
  spansMs?: readonly number[]
}): Deriver {
  const attributor = createAttributor({ analytics, graphFrom, pathsOf })
  let stamp = 0

  /** Writes of a group go out in one insert a table. Later writes win, so the stamp never stands still. */
  const write = async (org: string, changed: Changes): Promise<void> => {
    stamp = Math.max(stamp + 1, clock.now())
    const seen_at = instant(stamp)
    // Completed in place: copies of a million rows are what the collector of garbage would be busy with.
    for (const [table, rows] of Object.entries(changed) as [DerivedTable, Changed[]][])
      await insertRows(
        analytics,
        table,
        rows.map(({ row, gone }) => Object.assign(row, { org_id: org, seen_at, is_deleted: gone ? 1 : 0 })) as never,
      )
  }

  const deriveGroup = async (org: string, group: Group, rules: DeriveRules, isStanding: boolean): Promise<void> => {
    // A commit is shipped by the first deployment that contains it, so what earlier ones ship stands: reading that back is most of the work of a
    // service with a long history (93,000 shipments: 3 of 4 s).
    const shipmentsFrom = group.from === '' || !isStanding ? BEGINNING : group.from
    const facts = await readFacts(analytics, org, group, BEGINNING, shipmentsFrom)
    const attributions = await attributor.attribute(org, facts, rules.firstDeploymentShipsWholeHistory)
    const changed = noChanges()
    for (const [service, own] of facts) {
      const { attempts, shipments, links } = deriveScope(own, attributions.get(service) ?? [], rules)
      const ids = new Set(own.deployments.map((one) => one.id))
      append(changed.attempts, difference('attempts', own.attempts, attempts))
      const since = shipments.filter((one) => String(one['deployed_at']) >= shipmentsFrom)
      append(changed.shipments, difference('shipments', own.shipments, since))
      // An incident may be linked in another scope: only links to this scope's deployments are this scope's to remove.
      const standing = own.links.filter((one) => ids.has(one.deployment_id))
      append(changed.incident_links, difference('incident_links', standing, links))
    }
    await write(org, changed)
  }

  const expand = async (org: string, touched: Touched): Promise<SizedScope[]> => {
    for (const repository of touched.repositories) attributor.forget(org, repository)
    if (touched.unplacedIncidents) return analytics.readAsWriter(allScopes, { org })
    const scopes = new Map<string, SizedScope>()
    const environments = [...new Set(touched.scopes.map((one) => one.environment))]
    const services = [...new Set(touched.scopes.map((one) => one.service))]
    const sized = services.length === 0 ? [] : await analytics.readAsWriter(sizesOfScopes, { org, environments, services })
    for (const scope of touched.scopes) scopes.set(`${scope.environment} ${scope.service}`, { ...scope, deployments: 0 })
    for (const { environment, service, deployments } of sized) {
      const key = `${environment} ${service}`
      const scope = scopes.get(key)
      if (scope !== undefined) scopes.set(key, { ...scope, deployments })
    }
    if (touched.repositories.length > 0) {
      for (const scope of await analytics.readAsWriter(scopesOfRepositories, { org, repositories: [...touched.repositories] }))
        scopes.set(`${scope.environment} ${scope.service}`, scope)
    }
    return [...scopes.values()]
  }

  const deriveAll = async (org: string, scopes: readonly SizedScope[], rules: DeriveRules, isStanding = false): Promise<number> => {
    for (const group of groupsOf(scopes)) await deriveGroup(org, group, rules, isStanding)
    return scopes.length
  }

  /** Derives the services of a group out of what is known since `from`; returns those for which that is not enough. */
  const deriveGroupSince = async (
    org: string,
    group: Group,
    since: string,
    changedFrom: ReadonlyMap<string, string>,
    rules: DeriveRules,
  ): Promise<string[]> => {
    const facts = await readFacts(analytics, org, group, since)
    const history = await readHistory(analytics, org, group, since, facts)
    const { repositories } = await attributor.repositoriesOf(org, facts)
    const attributed = repositories.size === 0 ? new Set<string>() : await servicesWithShipments(analytics, org, group)
    const open: string[] = []
    const changed = noChanges()
    for (const [service, own] of facts) {
      const from = changedFrom.get(service) ?? ''
      const ships = attributed.has(service) || (repositories.get(service) ?? []).length > 0
      const result = ships
        ? null
        : deriveWindow(own, from, history.get(service) ?? { firstRuns: [], entangled: true }, rules.incidentLinkWindowMs)
      if (result === null) {
        open.push(service)
        continue
      }
      const isTail = (one: { at: string; deployment_id: string }) => byTime({ at: one.at, id: one.deployment_id }, result.after) > 0
      const { attempts, links } = withOrigins(own, result)
      append(changed.attempts, difference('attempts', own.attempts.filter(isTail), attempts))
      append(changed.incident_links, difference('incident_links', result.standingLinks, links))
    }
    await write(org, changed)
    return open
  }

  /** The scopes whose change could not be derived out of the span before it. */
  const deriveSpan = async (org: string, scopes: readonly SizedScope[], span: number, rules: DeriveRules): Promise<SizedScope[]> => {
    const open: SizedScope[] = []
    for (const alike of changedTogether(scopes, span)) {
      const [{ environment, from = '' }] = alike as [SizedScope]
      const since = instant(Date.parse(from) - span)
      const services = alike.map((one) => one.service)
      const sizes = await analytics.readAsWriter(sizesSince, { org, environment, services, from: since })
      const sizeOf = new Map(sizes.map((one) => [one.service, one.deployments]))
      const near = alike.filter((one) => (sizeOf.get(one.service) ?? 0) * 2 < one.deployments)
      const changedFrom = new Map(near.map((one) => [one.service, one.from ?? '']))
      const unproven = new Set(alike.filter((one) => !near.includes(one)).map((one) => one.service))
      for (const group of groupsOf(near.map((one) => ({ ...one, deployments: sizeOf.get(one.service) ?? 0 }))))
        for (const service of await deriveGroupSince(org, group, since, changedFrom, rules)) unproven.add(service)
      open.push(...alike.filter((one) => unproven.has(one.service)))
    }
    return open
  }

  const deriveChanged = async (org: string, scopes: readonly SizedScope[], rules: DeriveRules): Promise<void> => {
    const whole = scopes.filter((one) => (one.from ?? '') === '')
    let open = scopes.filter((one) => (one.from ?? '') !== '')
    if (open.reduce((sum, one) => sum + one.deployments, 0) > wholeUpTo)
      for (const span of spansMs) open = await deriveSpan(org, open, span, rules)
    await deriveAll(org, [...whole, ...open], rules, true)
  }

  return {
    async derive(org, touched, rules) {
      const scopes = await expand(org, touched)
      // What stands was derived by the organization's rules.
      if (rules === undefined) await deriveChanged(org, scopes, await rulesOf(org))
      else await deriveAll(org, scopes, rules)
      return scopes.length
    },
    async rebuild(org, rules) {
      attributor.clear()
      return deriveAll(org, await analytics.readAsWriter(allScopes, { org }), rules ?? (await rulesOf(org)))
    },
  }
}

/** Scopes of one environment whose changes begin within one span of each other, the earliest first. */
function changedTogether(scopes: readonly SizedScope[], span: number): SizedScope[][] {
  const groups: SizedScope[][] = []
  const open = new Map<string, SizedScope[]>()
  for (const scope of scopes.toSorted((a, b) => ((a.from ?? '') < (b.from ?? '') ? -1 : 1))) {
    const group = open.get(scope.environment)
    if (group !== undefined && Date.parse(scope.from ?? '') - Date.parse(group[0]?.from ?? '') <= span) group.push(scope)
    else {
      const begun = [scope]
      open.set(scope.environment, begun)
      groups.push(begun)
    }
  }
  return groups
}

function groupsOf(scopes: readonly SizedScope[]): Group[] {
  const groups: Group[] = []
  const open = new Map<string, Group>()
  for (const { environment, service, deployments, from = '' } of scopes) {
    let group = open.get(environment)
    if (group === undefined || group.deployments + deployments > GROUP_DEPLOYMENTS || group.services.length >= GROUP_SERVICES) {
      group = { environment, services: [], deployments: 0, from }
      open.set(environment, group)
      groups.push(group)
    }
    group.services.push(service)
    group.deployments += deployments
    if (from < group.from) group.from = from
  }
  return groups
}

/** One by one: a call takes no hundred thousand arguments. */
function append<T>(list: T[], more: readonly T[]): void {
  for (const one of more) list.push(one)
}

type Changes = Record<DerivedTable, Changed[]>
const noChanges = (): Changes => ({ attempts: [], shipments: [], incident_links: [] })

const NOWHERE = { source: '', raw_seq: 0, received_at: '1970-01-01T00:00:00.000Z' }

/** Everything that follows from the facts of one service in one environment. Pure. */
export function deriveScope(
  { deployments, incidents }: Pick<ScopeFacts, 'deployments' | 'incidents'>,
  attributions: readonly Attribution[],
  rules: DeriveRules,
): { attempts: Derived[]; shipments: Derived[]; links: Derived[] } {
  const links = linkIncidents(deployments, incidents, rules.incidentLinkWindowMs)
  const attempts = resolveAttempts({
    deployments,
    incidents,
    links,
    reverts: new Map(attributions.flatMap((one) => [...one.reverts])),
    leadMethods: leadMethods(deployments, attributions),
  })
  const originOf = originsOf(deployments)
  const named = new Set<string>()
  const shipments = attributions
    .flatMap((one) => one.shipments)
    // One commit in two repositories, a fork and its source, is one row.
    .filter(({ deployed_at, sha }) => named.size < named.add(`${deployed_at} ${sha}`).size)
    .map((one) => ({ ...(originOf.get(one.deployment_id) ?? NOWHERE), ...one }))
  return { ...withOrigins({ deployments, incidents }, { attempts, links }), shipments }
}

function originsOf(deployments: ScopeFacts['deployments']): Map<string, typeof NOWHERE> {
  return new Map(deployments.map(({ id, source, raw_seq, received_at }) => [id, { source, raw_seq, received_at }]))
}

/** Attempts and links with the deployment, or the incident, that they come from. */
function withOrigins(
  { deployments, incidents }: Pick<ScopeFacts, 'deployments' | 'incidents'>,
  { attempts, links }: { attempts: readonly Attempt[]; links: readonly IncidentLink[] },
): { attempts: Derived[]; links: Derived[] } {
  const originOf = originsOf(deployments)
  const incidentOrigin = new Map(incidents.map(({ id, source, raw_seq }) => [id, { source, raw_seq }]))
  return {
    attempts: attempts.map((one) => Object.assign(one, originOf.get(one.deployment_id) ?? NOWHERE)),
    links: links.map((one) => Object.assign(one, NOWHERE, incidentOrigin.get(one.incident_id))),
  }
}

interface Changed {
  readonly row: Derived
  readonly gone: boolean
}

/** Only rows that differ are written; a row that is no more gets a tombstone. */
function difference(table: TableName, before: readonly Derived[], after: readonly Derived[]): Changed[] {
  if (before.length === 0) return after.map((row) => ({ row, gone: false }))
  const { key, row: entity } = TABLES[table]
  const columns = Object.keys(entity.shape)
  const keyOf = (one: Derived) => key.map((column) => String(one[column])).join('\u0000')
  const textOf = (one: Derived) => JSON.stringify([columns.map((column) => one[column]), one.source, one.raw_seq])
  const old = new Map(before.map((one) => [keyOf(one), one]))
  const changed: Changed[] = []
  for (const row of after) {
    const standing = old.get(keyOf(row))
    if (standing === undefined || textOf(standing) !== textOf(row)) changed.push({ row, gone: false })
    old.delete(keyOf(row))
  }
  for (const row of old.values()) changed.push({ row, gone: true })
  return changed
}

/** `ancestry` where the commit graph knows the revision, else `change` where the changes do, else `event` where the emitter gave `commit_at`, else unknown. */
function leadMethods(deployments: readonly DeploymentFact[], attributions: readonly Attribution[]): Map<string, Attempt['lead_method']> {
  const methods = new Map<string, Attempt['lead_method']>()
  for (const one of deployments) {
    const knowing = attributions.filter(({ known }) => known.has(one.id)).map(({ method }) => method)
    if (knowing.length > 0) methods.set(one.id, knowing.includes('ancestry') ? 'ancestry' : 'change')
    else if (one.commit_at !== null) methods.set(one.id, 'event')
  }
  return methods
}
