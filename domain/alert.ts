import { createHash } from 'node:crypto'
import { z } from 'zod'
import { incidentStates } from './incident-state.ts'
import { isFound, patternProblem } from './pattern.ts'
import { incidentEnvironment, placeOf, serviceRules } from './service-rule.ts'
import type { RowOf } from './tables.ts'

/**
 * Alerts as Prometheus' Alertmanager sends them, and Grafana, which speaks the same: a delivery tells a group of alerts as they stand. An alert that
 * fires anew has the same fingerprint and another start, so the two together name an incident.
 */
const moment = z.iso.datetime({ offset: true })
const words = z.record(z.string(), z.string())

const alert = z.object({
  status: z.string(),
  labels: words,
  annotations: words.nullish(),
  startsAt: moment,
  /** `0001-01-01T00:00:00Z` while it fires. */
  endsAt: moment.nullish(),
  generatorURL: z.string().nullish(),
  fingerprint: z.string().nullish(),
})
type Alert = z.output<typeof alert>

export const alertGroup = z.object({ groupKey: z.string().nullish(), alerts: z.array(alert) })
export type AlertGroup = z.output<typeof alertGroup>

// ---------------------------------------------------------------- settings

const MATCHER = /^\s*([A-Za-z_][\w.:-]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s]*))\s*$/

interface Matcher {
  readonly label: string
  readonly isWanted: boolean
  readonly value: string
  readonly isPattern: boolean
}

/** `severity=~"critical|page"`: a matcher as Alertmanager writes it; a pattern holds of the whole value. Null where it is none. */
function readMatcher(text: string): Matcher | null {
  const found = MATCHER.exec(text)
  if (found === null) return null
  const [, label, operator, quoted, plain] = found
  const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? ''
  const isPattern = operator === '=~' || operator === '!~'
  return { label: label ?? '', isWanted: operator === '=' || operator === '=~', value: isPattern ? `^(?:${value})$` : value, isPattern }
}

const matcher = () =>
  z
    .string()
    .max(300)
    .superRefine((text, context) => {
      const read = readMatcher(text)
      const message = read === null ? 'must be a matcher such as severity="critical"' : read.isPattern ? patternProblem(read.value) : null
      if (message !== null) context.addIssue({ code: 'custom', message })
    })

const labels = (names: readonly string[], what: string) =>
  z
    .array(z.string().min(1).max(200))
    .default([...names])
    .describe(`Labels that tell ${what}, the first that an alert has is the one`)

/** The fields of a connector's settings that say which alerts are incidents, and of what. */
export const alertSettings = {
  only: z
    .array(matcher())
    .default([])
    .describe(
      'Count only alerts that fit all of these matchers, such as `dora_incident="true"` or `severity=~"critical|page"`; default: all',
    ),
  service_labels: labels(['service', 'app', 'job'], 'the service'),
  environment_labels: labels(['environment', 'env'], 'the environment'),
  severity_labels: labels(['severity'], 'the severity'),
  repository_labels: labels(['repository'], 'the repository'),
  services: serviceRules(),
  environment: incidentEnvironment(),
}
const settings = z.object(alertSettings)
export type AlertSettings = z.output<typeof settings>

// ---------------------------------------------------------------- reading

/** When an alert says that it started or ended; null for Go's zero time. */
function instantOf(at: string | null | undefined): string | null {
  const ms = at === null || at === undefined ? Number.NaN : Date.parse(at)
  return ms > 0 ? new Date(ms).toISOString() : null
}

function fingerprintOf({ fingerprint, labels }: Alert): string {
  if (fingerprint) return fingerprint
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(labels).sort()))
    .digest('hex')
    .slice(0, 16)
}

function fits({ label, value, isPattern, isWanted }: Matcher, labels: Alert['labels']): boolean {
  const own = labels[label] ?? ''
  return (isPattern ? isFound(value, own) : own === value) === isWanted
}

/** What a label says or, since labels are for grouping, an annotation. */
function said({ labels, annotations }: Alert, name: string): string | null {
  return labels[name] || annotations?.[name] || null
}

/** The incidents that a group of alerts tells. An end that is not said is the moment at which the end was told. */
export function incidentsOf({ alerts }: AlertGroup, told: string, config: AlertSettings): RowOf<'incident_states'>[] {
  const matchers = config.only.flatMap((text) => readMatcher(text) ?? [])
  const rows = new Map<string, RowOf<'incident_states'>>()
  for (const alert of alerts) {
    const opened = instantOf(alert.startsAt)
    if (opened === null || !matchers.every((one) => fits(one, alert.labels))) continue
    const labelled = (names: readonly string[]) => names.flatMap((name) => alert.labels[name] || [])[0] ?? null
    const service = labelled(config.service_labels)
    const place = placeOf(config.services, [service, alert.labels['alertname']], {
      service,
      environment: labelled(config.environment_labels) ?? config.environment,
    })
    const incident = {
      id: `${fingerprintOf(alert)}@${opened}`,
      ...place,
      repository: place.repository ?? labelled(config.repository_labels),
      severity: labelled(config.severity_labels),
      title: alert.annotations?.['summary'] || alert.annotations?.['description'] || alert.labels['alertname'] || null,
      url: alert.generatorURL || null,
      deployment_id: said(alert, 'deployment_id'),
      revision: said(alert, 'revision'),
    }
    const closed = alert.status === 'resolved' ? (instantOf(alert.endsAt) ?? told) : null
    for (const one of incidentStates(incident, opened, closed)) rows.set(`${one.id} ${one.state}`, one)
  }
  return [...rows.values()]
}

/**
 * What a delivery is: an alert group in one state. The group repeats its alerts for as long as they fire, so that the same state has the same id, however
 * often it is told; null where it tells none.
 */
export function deliveryOf(group: AlertGroup): { id: string; at: string | null } | null {
  if (group.alerts.length === 0) return null
  const states = group.alerts
    .map((one) => [fingerprintOf(one), one.startsAt, one.status, one.status === 'resolved' ? instantOf(one.endsAt) : null].join(' '))
    .sort()
  const id = createHash('sha256')
    .update(JSON.stringify([group.groupKey ?? null, states]))
    .digest('hex')
    .slice(0, 32)
  // An alert that fires names in `endsAt` the moment at which it would be forgotten, in some versions.
  const times = group.alerts.flatMap((one) =>
    [instantOf(one.startsAt) ?? [], one.status === 'resolved' ? (instantOf(one.endsAt) ?? []) : []].flat(),
  )
  return { id, at: times.sort().at(-1) ?? null }
}
