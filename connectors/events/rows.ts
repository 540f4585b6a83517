import type { EventInput } from '../../domain/event.ts'
import { deployment } from '../../domain/deployment.ts'
import { rowOf } from '../../domain/entity.ts'
import { tierOf } from '../../domain/environment.ts'
import { incidentState } from '../../domain/incident-state.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Raw } from '../../src/connector.ts'

function deploymentRow(event: EventInput, raw: Raw, kind: 'deploy' | 'rollback') {
  const outcome = event.outcome ?? (event.succeeded ? 'success' : 'failure')
  const at = utc(event.occurred_at ?? raw.received_at)
  return rowOf(deployment, {
    id: event.deployment_id ?? raw.id,
    kind,
    service: event.service,
    environment: tierOf(event.environment),
    environment_name: event.environment,
    at,
    started_at: event.started_at === undefined ? null : utc(event.started_at),
    finished_at: outcome === 'running' ? null : at,
    outcome,
    repository: event.repo,
    revision: event.git_sha,
    ref: event.ref,
    version: event.version,
    title: event.title,
    url: event.url,
    actor: event.actor,
    commit_at: event.commit_at === undefined ? null : utc(event.commit_at),
    ref_id: event.ref_id,
    caused_by: event.caused_by ?? (kind === 'rollback' ? event.ref_id : null),
    unplanned: event.unplanned,
  })
}

function incidentRow(event: EventInput, raw: Raw, state: 'opened' | 'closed') {
  return rowOf(incidentState, {
    id: event.ref_id ?? raw.id,
    state,
    at: utc(event.occurred_at ?? raw.received_at),
    service: event.service,
    environment: tierOf(event.environment),
    environment_name: event.environment,
    repository: event.repo,
    severity: event.severity,
    title: event.title,
    url: event.url,
    deployment_id: event.deployment_id ?? event.caused_by,
    revision: event.git_sha,
    ref_id: event.ref_id,
  })
}

/** What an event means, whoever told it. */
export function eventRows(event: EventInput, raw: Raw): DomainRows {
  switch (event.kind) {
    case 'deploy':
      return { deployments: [deploymentRow(event, raw, 'deploy')] }
    case 'rollback':
      return { deployments: [deploymentRow(event, raw, 'rollback')] }
    case 'incident_opened':
      return { incident_states: [incidentRow(event, raw, 'opened')] }
    case 'incident_closed':
      return { incident_states: [incidentRow(event, raw, 'closed')] }
  }
}
