import { z } from 'zod'
import { attempt } from '../../domain/attempt.ts'
import { deployment } from '../../domain/deployment.ts'
import { incidentLink } from '../../domain/incident-link.ts'
import { shipment } from '../../domain/shipment.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { withRelations } from './relations.ts'

/**
 * What the derivation of some services of ONE environment reads: one query a table, however many services they are, because a query costs
 * the embedded engine 3–8 ms before it reads a row.
 */
const origin = { source: z.string(), raw_seq: z.coerce.number(), received_at: z.string() }

/** Read by the hundred thousand: what the store gave is not checked for its form again, only for its kind. */
const { id, kind, outcome, environment } = deployment.row.shape
const deploymentFact = z.object({
  id,
  kind,
  service: z.string(),
  environment,
  at: z.string(),
  outcome,
  repository: z.string().nullable(),
  revision: z.string().nullable(),
  ref: z.string().nullable(),
  version: z.string().nullable(),
  title: z.string().nullable(),
  url: z.string().nullable(),
  commit_at: z.string().nullable(),
  caused_by: z.string().nullable(),
  unplanned: z.boolean().nullable(),
  ...origin,
})
export type DeploymentFact = z.infer<typeof deploymentFact>

const incidentFact = z.object({
  source: z.string(),
  id: z.string(),
  opened_at: z.string().nullable(),
  acknowledged_at: z.string().nullable(),
  closed_at: z.string().nullable(),
  service: z.string().nullable(),
  environment: z.string().nullable(),
  repository: z.string().nullable(),
  deployment_id: z.string().nullable(),
  revision: z.string().nullable(),
  raw_seq: z.coerce.number(),
})
export type IncidentFact = z.infer<typeof incidentFact>

const attemptFact = attempt.row.extend({ at: z.string(), commit_at: z.string().nullable(), recovered_at: z.string().nullable(), ...origin })
const shipmentFact = shipment.row.extend({ deployed_at: z.string(), started_at: z.string(), ...origin })
const linkFact = incidentLink.row.extend({ opened_at: z.string(), ...origin })
export type LinkFact = z.infer<typeof linkFact>

export interface ScopeFacts {
  readonly deployments: readonly DeploymentFact[]
  readonly incidents: readonly IncidentFact[]
  /** The derived rows as they stand, to write only what differs. */
  readonly attempts: readonly z.infer<typeof attemptFact>[]
  readonly shipments: readonly z.infer<typeof shipmentFact>[]
  /** Links of the incidents above, and others that point to the deployments above. */
  readonly links: readonly LinkFact[]
}

const IN_SCOPES = 'environment = {environment:String} AND service IN {services:Array(String)}'

const readDeployments = statement({
  name: 'derive.deployments',
  sql: `${withRelations(['deployments'])}
SELECT ${Object.keys(deploymentFact.shape).join(', ')} FROM deployments WHERE ${IN_SCOPES} AND at >= {from:DateTime64(3)}`,
  row: deploymentFact,
})

/** By their states: those of the services, or of no service, that told something since, or that name a deployment since. */
const readIncidents = statement({
  name: 'derive.incidents',
  sql: `${withRelations(['incidents'])}
SELECT ${Object.keys(incidentFact.shape).join(', ')} FROM incidents
WHERE (source, id) IN (
    SELECT source, id FROM all_incident_states
    WHERE org_id = {org:UUID} AND (service IN {services:Array(String)} OR service IS NULL) AND (at >= {from:DateTime64(3)} OR deployment_id IN (
      SELECT id FROM all_deployments WHERE org_id = {org:UUID} AND ${IN_SCOPES} AND at >= {from:DateTime64(3)})))
  AND opened_at IS NOT NULL AND (service IN {services:Array(String)} OR service IS NULL) AND ifNull(environment, 'production') = {environment:String}`,
  row: incidentFact,
})

const columnsOf = (fact: z.ZodObject) => Object.keys(fact.shape).join(', ')

const readAttempts = statement({
  name: 'derive.standing_attempts',
  sql: `${withRelations(['attempts'])} SELECT ${columnsOf(attemptFact)} FROM attempts WHERE ${IN_SCOPES} AND at >= {from:DateTime64(3)}`,
  row: attemptFact,
})
const readShipments = statement({
  name: 'derive.standing_shipments',
  sql: `${withRelations(['shipments'])} SELECT ${columnsOf(shipmentFact)} FROM shipments WHERE ${IN_SCOPES} AND deployed_at >= {from:DateTime64(3)}`,
  row: shipmentFact,
})
const readLinks = statement({
  name: 'derive.standing_links',
  sql: `${withRelations(['incident_links'])} SELECT ${columnsOf(linkFact)} FROM incident_links
WHERE incident_id IN {incidents:Array(String)} OR deployment_id IN (
  SELECT id FROM all_deployments WHERE org_id = {org:UUID} AND ${IN_SCOPES} AND at >= {from:DateTime64(3)})`,
  row: linkFact,
})

const SERVICES = z.object({ service: z.string() })
const SCOPES = `org_id = {org:UUID} AND ${IN_SCOPES}`
const IDS_SINCE = `SELECT id FROM all_deployments WHERE ${SCOPES} AND at >= {from:DateTime64(3)}`

/**
 * Services whose time before is bound to the part since by an id. Rows that were replaced count too (no FINAL: it reads ten times as
 * much): that costs a longer part, never a wrong one.
 */
const readEntangled = statement({
  name: 'derive.entangled',
  sql: `SELECT DISTINCT service FROM all_deployments WHERE ${SCOPES} AND at < {from:DateTime64(3)} AND kind = 'rollback' AND caused_by IN (${IDS_SINCE})
UNION DISTINCT
SELECT DISTINCT service FROM all_attempts WHERE ${SCOPES} AND at < {from:DateTime64(3)} AND failed AND failed_by IN (${IDS_SINCE})`,
  row: SERVICES,
})
const readNamed = statement({
  name: 'derive.named_before',
  sql: `SELECT DISTINCT service FROM all_deployments WHERE ${SCOPES} AND at < {from:DateTime64(3)} AND id IN {ids:Array(String)}`,
  row: SERVICES,
})

const RAN = "ifNull(lower(revision), ifNull(version, ''))"
const RAN_SINCE = `SELECT service, ${RAN} FROM all_deployments WHERE ${SCOPES} AND at >= {from:DateTime64(3)} AND ${RAN} != ''`
const readRanBefore = statement({
  name: 'derive.ran_before',
  sql: `SELECT DISTINCT service FROM all_deployments WHERE ${SCOPES} AND at < {from:DateTime64(3)} AND (service, ${RAN}) IN (${RAN_SINCE})`,
  row: SERVICES,
})
const readFirstRuns = statement({
  name: 'derive.first_runs',
  sql: `${withRelations(['deployments'])}
SELECT service, ${RAN} AS ran FROM deployments
WHERE ${IN_SCOPES} AND at < {from:DateTime64(3)} AND kind = 'deploy' AND outcome = 'success' AND (service, ${RAN}) IN (${RAN_SINCE})
GROUP BY service, ran ORDER BY min((at, id))`,
  row: z.object({ service: z.string(), ran: z.string() }),
})

/** What must be known of the time before `from`, besides the facts since. */
export async function readHistory(
  analytics: Analytics,
  org: string,
  scopes: { readonly environment: string; readonly services: readonly string[] },
  from: string,
  facts: ReadonlyMap<string, ScopeFacts>,
): Promise<Map<string, { firstRuns: string[]; entangled: boolean }>> {
  const params = { org, environment: scopes.environment, services: [...scopes.services], from }
  const history = new Map(scopes.services.map((service) => [service, { firstRuns: [] as string[], entangled: false }]))
  const entangle = (rows: readonly { service: string }[]) => {
    for (const { service } of rows) history.set(service, { firstRuns: [], entangled: true })
  }
  entangle(await analytics.readAsWriter(readEntangled, params))
  const named = [...facts.values()].flatMap(({ deployments }) => {
    const ids = new Set(deployments.map((one) => one.id))
    return deployments.flatMap(({ kind, caused_by }) =>
      kind === 'rollback' && caused_by !== null && !ids.has(caused_by) ? [caused_by] : [],
    )
  })
  if (named.length > 0) entangle(await analytics.readAsWriter(readNamed, { ...params, ids: named }))
  const repeated = (await analytics.readAsWriter(readRanBefore, params)).map((one) => one.service)
  if (repeated.length > 0) {
    for (const { service, ran } of await analytics.readAsWriter(readFirstRuns, { ...params, services: repeated }))
      history.get(service)?.firstRuns.push(ran)
  }
  return history
}

const readAttributed = statement({
  name: 'derive.attributed',
  sql: `SELECT DISTINCT service FROM all_attempts WHERE ${SCOPES} AND lead_method IN ('ancestry', 'change')`,
  row: SERVICES,
})
/** Services some of whose deployments are known to a commit graph, or to changes. */
export async function servicesWithShipments(
  analytics: Analytics,
  org: string,
  scopes: { readonly environment: string; readonly services: readonly string[] },
): Promise<Set<string>> {
  const rows = await analytics.readAsWriter(readAttributed, { org, environment: scopes.environment, services: [...scopes.services] })
  return new Set(rows.map((one) => one.service))
}

/** Before anything that is known; 1900 is the first year of a DateTime64. */
export const BEGINNING = '1900-01-01T00:00:00.000Z'

export async function readFacts(
  analytics: Analytics,
  org: string,
  scopes: { readonly environment: string; readonly services: readonly string[] },
  from: string,
  shipmentsFrom: string = from,
): Promise<Map<string, ScopeFacts>> {
  const params = { org, environment: scopes.environment, services: [...scopes.services], from }
  const deployments = await analytics.readAsWriter(readDeployments, params)
  const incidents = await analytics.readAsWriter(readIncidents, params)
  const attempts = await analytics.readAsWriter(readAttempts, params)
  const shipments = await analytics.readAsWriter(readShipments, { ...params, from: shipmentsFrom })
  const links =
    incidents.length === 0 && deployments.length === 0
      ? []
      : await analytics.readAsWriter(readLinks, { ...params, incidents: incidents.map((one) => one.id) })

  const facts = new Map(
    scopes.services.map((service) => [
      service,
      {
        deployments: [] as DeploymentFact[],
        incidents: [] as IncidentFact[],
        attempts: [] as z.infer<typeof attemptFact>[],
        shipments: [] as z.infer<typeof shipmentFact>[],
        links: [] as LinkFact[],
      },
    ]),
  )
  const serviceOf = new Map(deployments.map((one) => [one.id, one.service]))
  const servicesOfIncident = new Map<string, readonly string[]>()
  for (const one of deployments) facts.get(one.service)?.deployments.push(one)
  // Where several are laid to one deployment, the first that opened is named.
  incidents.sort((a, b) => ((a.opened_at ?? '') < (b.opened_at ?? '') ? -1 : a.opened_at === b.opened_at && a.id < b.id ? -1 : 1))
  for (const one of incidents) {
    const services = one.service === null ? scopes.services : [one.service]
    servicesOfIncident.set(`${one.source} ${one.id}`, services)
    for (const service of services) facts.get(service)?.incidents.push(one)
  }
  for (const one of attempts) facts.get(one.service)?.attempts.push(one)
  for (const one of shipments) facts.get(one.service)?.shipments.push(one)
  for (const one of links) {
    const services = new Set(servicesOfIncident.get(`${one.source} ${one.incident_id}`))
    const owner = serviceOf.get(one.deployment_id)
    if (owner !== undefined) services.add(owner)
    for (const service of services) facts.get(service)?.links.push(one)
  }
  return facts
}
