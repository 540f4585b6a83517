import { z } from 'zod'
import { attempt, type Attempt } from '../../domain/attempt.ts'
import { deployment, type Deployment } from '../../domain/deployment.ts'
import { incidentLink } from '../../domain/incident-link.ts'
import { shipment } from '../../domain/shipment.ts'
import { TABLES, type TableName } from '../../domain/tables.ts'
import { instant, type Clock } from '../clock.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows, type Envelope } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import { resolveAttempts } from './attempts.ts'
import { linkIncidents, type Incident } from './incident-links.ts'
import { withRelations } from './relations.ts'
import { attributeCommits, buildGraph, type Attribution, type CommitGraph } from './shipments.ts'

/** One service in one environment: the unit in which attempts, links and shipments are derived. */
export interface Scope {
  readonly environment: string
  readonly service: string
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

const origin = { source: z.string(), raw_seq: z.coerce.number(), received_at: z.string() }
const scopeRow = z.object({ environment: z.string(), service: z.string() })

const scopeDeployments = statement({
  name: 'derive.deployments',
  sql: `${withRelations(['deployments'])}
SELECT * EXCEPT seen_at FROM deployments WHERE environment = {environment:String} AND service = {service:String}`,
  row: deployment.row.extend(origin),
})

const scopeIncidents = statement({
  name: 'derive.incidents',
  sql: `${withRelations(['incidents'])}
SELECT source, id, opened_at, closed_at, service, environment, repository, deployment_id, revision, raw_seq FROM incidents
WHERE opened_at IS NOT NULL AND (service = {service:String} OR service IS NULL) AND ifNull(environment, 'production') = {environment:String}`,
  row: z.object({
    source: z.string(),
    id: z.string(),
    opened_at: z.string().nullable(),
    closed_at: z.string().nullable(),
    service: z.string().nullable(),
    environment: z.string().nullable(),
    repository: z.string().nullable(),
    deployment_id: z.string().nullable(),
    revision: z.string().nullable(),
    raw_seq: z.coerce.number(),
  }),
})

const commitGraph = statement({
  name: 'derive.graph',
  sql: `${withRelations(['commits'])}
SELECT sha, parents, authored_at, committed_at, subject, reverts, raw_seq FROM commits WHERE repository = {repository:String}`,
  row: z.object({
    sha: z.string(),
    parents: z.array(z.string()),
    authored_at: z.string(),
    committed_at: z.string(),
    subject: z.string(),
    reverts: z.string().nullable(),
    raw_seq: z.coerce.number(),
  }),
})

const repositoriesOfRevisions = statement({
  name: 'derive.repositories_of_revisions',
  sql: `SELECT DISTINCT repository FROM all_commits WHERE org_id = {org:UUID} AND substring(sha, 1, 7) IN {prefixes:Array(String)} LIMIT 20`,
  row: z.object({ repository: z.string() }),
})

const scopesOfRepositories = statement({
  name: 'derive.scopes_of_repositories',
  sql: `SELECT DISTINCT environment, service FROM all_deployments
WHERE org_id = {org:UUID} AND revision IS NOT NULL AND (repository IS NULL OR repository IN {repositories:Array(String)})`,
  row: scopeRow,
})

const allScopes = statement({
  name: 'derive.all_scopes',
  sql: 'SELECT DISTINCT environment, service FROM all_deployments WHERE org_id = {org:UUID}',
  row: scopeRow,
})

/** The derived rows that stand for a scope now, to write only what differs. */
const standingAttempts = statement({
  name: 'derive.standing_attempts',
  sql: `${withRelations(['attempts'])} SELECT * EXCEPT seen_at FROM attempts WHERE environment = {environment:String} AND service = {service:String}`,
  row: attempt.row.extend(origin),
})
const standingShipments = statement({
  name: 'derive.standing_shipments',
  sql: `${withRelations(['shipments'])} SELECT * EXCEPT seen_at FROM shipments WHERE environment = {environment:String} AND service = {service:String}`,
  row: shipment.row.extend(origin),
})
const standingLinks = statement({
  name: 'derive.standing_links',
  sql: `${withRelations(['incident_links'])} SELECT * EXCEPT seen_at FROM incident_links 
WHERE deployment_id IN (SELECT id FROM all_deployments WHERE org_id = {org:UUID} AND environment = {environment:String} AND service = {service:String})`,
  row: incidentLink.row.extend(origin),
})

export interface Deriver {
  /** Derives again what was touched; returns how many scopes that were. */
  derive(org: string, touched: Touched, rules?: DeriveRules): Promise<number>
  /** Derives everything of an organization anew. Nothing but time is lost if the derived tables are emptied before. */
  rebuild(org: string, rules?: DeriveRules): Promise<number>
}

export function createDeriver({ analytics, clock }: { analytics: Analytics; clock: Clock }): Deriver {
  const graphs = new Map<string, CommitGraph>()
  let stamp = 0

  const graphOf = async (org: string, repository: string): Promise<CommitGraph> => {
    const key = `${org} ${repository}`
    const cached = graphs.get(key)
    if (cached !== undefined) return cached
    const graph = buildGraph(repository, await analytics.readAsWriter(commitGraph, { org, repository }))
    // A handful of graphs is enough: scopes of one repository are derived one after the other.
    if (graphs.size >= 8) graphs.delete(graphs.keys().next().value as string)
    graphs.set(key, graph)
    return graph
  }

  /** Only rows that differ are written; a row that is no more gets a tombstone. Later writes win, so the stamp never stands still. */
  const replaceRows = async <T extends TableName>(org: string, table: T, before: readonly Derived[], after: readonly Derived[]) => {
    const { key, row } = TABLES[table]
    const columns = Object.keys(row.shape)
    const keyOf = (one: Derived) => key.map((column) => String(one[column])).join('\u0000')
    const textOf = (one: Derived) => JSON.stringify([columns.map((column) => one[column]), one.source, one.raw_seq])
    const old = new Map(before.map((one) => [keyOf(one), one]))
    stamp = Math.max(stamp + 1, clock.now())
    const seen_at = instant(stamp)
    const write: Derived[] = []
    for (const one of after) {
      const standingRow = old.get(keyOf(one))
      if (standingRow === undefined || textOf(standingRow) !== textOf(one)) write.push({ ...one, org_id: org, seen_at, is_deleted: 0 })
      old.delete(keyOf(one))
    }
    for (const gone of old.values()) write.push({ ...gone, org_id: org, seen_at, is_deleted: 1 })
    await insertRows(analytics, table, write as never)
  }

  const deriveScope = async (org: string, scope: Scope, rules: DeriveRules): Promise<void> => {
    const params = { org, environment: scope.environment, service: scope.service }
    const deployments = await analytics.readAsWriter(scopeDeployments, params)
    const incidents = await analytics.readAsWriter(scopeIncidents, params)
    const links = linkIncidents(deployments, incidents, rules.incidentLinkWindowMs)
    const attributions = await attribute(org, deployments, rules)
    const originOf = new Map(deployments.map((one) => [one.id, { source: one.source, raw_seq: one.raw_seq, received_at: one.received_at }]))
    const incidentOrigin = new Map(incidents.map((one) => [one.id, one]))
    const nowhere = { source: '', raw_seq: 0, received_at: '1970-01-01T00:00:00.000Z' }

    const attempts = resolveAttempts({
      deployments,
      incidents: incidents satisfies readonly Incident[],
      links,
      reverts: new Map(attributions.flatMap((one) => [...one.reverts])),
      leadMethods: leadMethods(deployments, attributions),
    }).map((one) => ({ ...one, ...(originOf.get(one.deployment_id) ?? nowhere) }))
    const shipments = attributions
      .flatMap((one) => one.shipments)
      .map((one) => ({ ...(originOf.get(one.deployment_id) ?? nowhere), ...one }))
    const linkRows = links.map((one) => ({ ...nowhere, ...one, ...pick(incidentOrigin.get(one.incident_id)) }))

    await replaceRows(org, 'attempts', await analytics.readAsWriter(standingAttempts, params), attempts)
    await replaceRows(org, 'shipments', await analytics.readAsWriter(standingShipments, params), shipments)
    if (incidents.length === 0) return
    // An incident may be linked in another scope: only links to this scope's deployments are this scope's to change.
    await replaceRows(org, 'incident_links', await analytics.readAsWriter(standingLinks, params), linkRows)
  }

  const attribute = async (org: string, deployments: readonly Deployment[], rules: DeriveRules): Promise<Attribution[]> => {
    const stated = new Set(deployments.flatMap((one) => one.repository ?? []))
    const unplaced = deployments.filter((one) => one.repository === null && one.revision !== null && /^[0-9a-f]{7,64}$/i.test(one.revision))
    if (unplaced.length > 0) {
      // The newest are enough to find which repositories a service is built from.
      const prefixes = [...new Set(unplaced.slice(-200).map((one) => (one.revision as string).slice(0, 7).toLowerCase()))]
      for (const { repository } of await analytics.readAsWriter(repositoriesOfRevisions, { org, prefixes })) stated.add(repository)
    }
    const attributions: Attribution[] = []
    for (const repository of [...stated].sort()) {
      const graph = await graphOf(org, repository)
      if (graph.shas.length === 0) continue
      const candidates = deployments.filter((one) => one.repository === null || one.repository === repository)
      attributions.push(attributeCommits(candidates, graph, rules.firstDeploymentShipsWholeHistory))
    }
    return attributions
  }

  const expand = async (org: string, touched: Touched): Promise<Scope[]> => {
    for (const repository of touched.repositories) graphs.delete(`${org} ${repository}`)
    const scopes = new Map(touched.scopes.map((scope) => [`${scope.environment} ${scope.service}`, scope]))
    const more = [
      ...(touched.repositories.length > 0
        ? await analytics.readAsWriter(scopesOfRepositories, { org, repositories: [...touched.repositories] })
        : []),
      ...(touched.unplacedIncidents ? await analytics.readAsWriter(allScopes, { org }) : []),
    ]
    for (const scope of more) scopes.set(`${scope.environment} ${scope.service}`, scope)
    return [...scopes.values()]
  }

  return {
    async derive(org, touched, rules = DERIVE_RULES) {
      const scopes = await expand(org, touched)
      for (const scope of scopes) await deriveScope(org, scope, rules)
      return scopes.length
    },
    async rebuild(org, rules = DERIVE_RULES) {
      graphs.clear()
      const scopes = await analytics.readAsWriter(allScopes, { org })
      for (const scope of scopes) await deriveScope(org, scope, rules)
      return scopes.length
    },
  }
}

type Derived = Readonly<Record<string, unknown>> & Omit<Envelope, 'org_id' | 'seen_at' | 'is_deleted'>

function pick(incident: { source: string; raw_seq: number } | undefined) {
  return incident === undefined ? {} : { source: incident.source, raw_seq: incident.raw_seq }
}

/** `ancestry` where the commit graph knows the revision, else `event` where the emitter gave `commit_at`, else unknown. */
function leadMethods(deployments: readonly Deployment[], attributions: readonly Attribution[]): Map<string, Attempt['lead_method']> {
  const methods = new Map<string, Attempt['lead_method']>()
  for (const one of deployments) {
    if (attributions.some((attribution) => attribution.known.has(one.id))) methods.set(one.id, 'ancestry')
    else if (one.commit_at !== null) methods.set(one.id, 'event')
  }
  return methods
}
