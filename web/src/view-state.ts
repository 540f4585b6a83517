import type { SampleStatus } from './api/contract.ts'

/** What the reader looks at. It lives in the address, so that a view can be shared, bookmarked and walked back through. */
export interface View {
  days: number
  offset: number
  service: string | null
  /** The team, with those below it. */
  team: string | null
  /** null is the server's default, production. */
  environment: string | null
  edition: string | null
  tz: string | null
  /** The metric whose details are open. */
  metric: string | null
  basis: string | null
  variant: string | null
  status: SampleStatus | null
  /** What the metric is broken down by. */
  by: GroupKey
}

export const GROUP_KEYS = ['service', 'team'] as const
export type GroupKey = (typeof GROUP_KEYS)[number]

export const WINDOWS = [7, 14, 28, 90] as const
export const EDITIONS = ['2021', '2022', '2023', '2024'] as const
export const DEFAULT_ENVIRONMENT = 'production'
export const DEFAULT_EDITION = '2024'
const STATUSES: readonly SampleStatus[] = ['sample', 'missing', 'censored', 'listed']

/** An address may be old or typed by hand: what cannot be read falls back to the default instead of failing. */
export function readView(params: URLSearchParams): View {
  const status = params.get('status')
  return {
    days: wholeNumber(params.get('days'), 1, 3660) ?? 7,
    offset: wholeNumber(params.get('offset'), 0, 36600) ?? 0,
    service: params.get('service') || null,
    team: params.get('team') || null,
    environment: params.get('environment') || null,
    edition: params.get('edition') || null,
    tz: params.get('tz') || null,
    metric: params.get('metric') || null,
    basis: params.get('basis') || null,
    variant: params.get('variant') || null,
    status: STATUSES.find((known) => known === status) ?? null,
    by: GROUP_KEYS.find((known) => known === params.get('by')) ?? 'service',
  }
}

/** Only what differs from the default is written, so that the plain page has a plain address. */
export function writeView(view: View): URLSearchParams {
  const params = new URLSearchParams()
  if (view.days !== 7) params.set('days', String(view.days))
  if (view.offset !== 0) params.set('offset', String(view.offset))
  if (view.service !== null) params.set('service', view.service)
  if (view.team !== null) params.set('team', view.team)
  if (view.environment !== null && view.environment !== DEFAULT_ENVIRONMENT) params.set('environment', view.environment)
  if (view.edition !== null) params.set('edition', view.edition)
  if (view.tz !== null) params.set('tz', view.tz)
  if (view.metric === null) return params
  params.set('metric', view.metric)
  if (view.basis !== null) params.set('basis', view.basis)
  if (view.variant !== null) params.set('variant', view.variant)
  if (view.status !== null) params.set('status', view.status)
  if (view.by !== 'service') params.set('by', view.by)
  return params
}

/** Of whose deliveries the figures are: `the service api`; null for all. */
export function narrowedText({ service, team }: Pick<View, 'service' | 'team'>): string | null {
  const parts = [service === null ? null : `the service ${service}`, team === null ? null : `the team ${team}`]
  return parts.filter((part) => part !== null).join(' of ') || null
}

/** The part of the view that the API understands for every metric. */
export function windowQuery(view: View): URLSearchParams {
  const params = new URLSearchParams({ days: String(view.days), offset: String(view.offset) })
  if (view.service !== null) params.set('service', view.service)
  if (view.team !== null) params.set('team', view.team)
  if (view.environment !== null) params.set('environment', view.environment)
  if (view.edition !== null) params.set('edition', view.edition)
  if (view.tz !== null) params.set('tz', view.tz)
  return params
}

/** Where the data-gap report of the same window is. */
export function gapsAddress({ days, offset }: Pick<View, 'days' | 'offset'>): string {
  return `/gaps?days=${days}${offset === 0 ? '' : `&offset=${offset}`}`
}

/** The part that one metric understands beside it. */
export function metricQuery(view: View): URLSearchParams {
  const params = windowQuery(view)
  if (view.basis !== null) params.set('basis', view.basis)
  if (view.variant !== null) params.set('variant', view.variant)
  return params
}

function wholeNumber(text: string | null, least: number, most: number): number | null {
  if (text === null || !/^\d{1,6}$/.test(text)) return null
  const number = Number(text)
  return number >= least && number <= most ? number : null
}
