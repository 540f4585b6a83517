import type { DoraReply, MetricReply, SampleReply } from '../../src/metric.ts'
import type { CatalogueEntry, RawItem, Session, Status } from '../../web/src/api/contract.ts'

/** A week of an invented team, with each of the things that the page must be able to say. */
const DAY_MS = 86_400_000
const TO = Date.parse('2025-11-21T08:30:00.000Z')
const TZ = 'Europe/Berlin'

export function windowOf(days: number, offset: number): MetricReply['window'] {
  const to = TO - offset * DAY_MS
  return { from: iso(to - days * DAY_MS), to: iso(to), tz: TZ }
}

type Given = Pick<MetricReply, 'id' | 'title' | 'unit' | 'better'> & Partial<MetricReply> & { values: (number | null)[] }

function metric({ values, ...given }: Given, days: number, offset: number): MetricReply {
  const window = windowOf(days, offset)
  const value = given.value ?? null
  return {
    window,
    environment: 'production',
    basis: null,
    variant: null,
    value,
    n: 10,
    why: null,
    percentiles: { p50: null, p75: null, p90: null },
    mean: null,
    interval: null,
    level: { edition: '2024', name: 'high', why: null },
    score: value === null ? null : 7,
    baseline: { window: windowOf(days, offset + days), value: null, n: 0, why: 'no_samples' },
    trend: { verdict: 'not enough data', direction: null, change: null, p_value: null, effect: null, interval: null },
    series: buckets(window, values),
    groups: [],
    coverage: { population: 10, samples: 10, share: 1, reasons: {} },
    gaps: [],
    ...given,
  }
}

/** Days from midnight to midnight in Berlin (UTC+1 in November); the first and last are cut by the window. */
function buckets(window: MetricReply['window'], values: (number | null)[]): MetricReply['series'] {
  const from = Date.parse(window.from)
  const first = from - ((from + 3_600_000) % DAY_MS)
  return values.map((value, index) => ({
    from: iso(first + index * DAY_MS),
    to: iso(first + (index + 1) * DAY_MS),
    value,
    n: value === null ? 0 : 2,
    why: value === null ? 'no_samples' : null,
    partial: index === 0 || index === values.length - 1,
  }))
}

export function doraOf(days = 7, offset = 0, edition = '2024'): DoraReply {
  const level = (name: 'elite' | 'high' | 'medium' | 'low') => ({ edition, name, why: null })
  const before = (value: number, n: number) => ({ window: windowOf(days, offset + days), value, n, why: null })
  const metrics: MetricReply[] = [
    metric(
      {
        id: 'deployment_frequency',
        title: 'Deployment frequency',
        unit: 'per_day',
        better: 'higher',
        value: 10 / 7,
        n: 10,
        interval: [0.68, 2.63],
        level: level('elite'),
        score: 7.4,
        baseline: before(8 / 7, 8),
        trend: { verdict: 'no clear change', direction: 'better', change: 2 / 7, p_value: 0.815, effect: 1.25, interval: [0.44, 3.65] },
        values: [1, 0, 0, 2, 3, 1, 2, 1],
        groups: [
          { key: 'api', value: 6 / 7, n: 6, why: null },
          { key: 'web', value: 4 / 7, n: 4, why: null },
          { key: 'billing', value: null, n: 0, why: 'no_source' },
        ],
      },
      days,
      offset,
    ),
    metric(
      {
        id: 'change_lead_time',
        title: 'Change lead time',
        unit: 'seconds',
        better: 'lower',
        basis: 'commit',
        value: 15_300,
        n: 42,
        percentiles: { p50: 15_300, p75: 40_200, p90: 187_000 },
        mean: 52_440,
        interval: [12_000, 20_100],
        level: level('elite'),
        score: 8.1,
        baseline: before(21_600, 39),
        trend: { verdict: 'improved', direction: 'better', change: -6_300, p_value: 0.0004, effect: -0.31, interval: [-9_000, -2_100] },
        values: [14_400, null, null, 18_000, 12_600, 15_300, 21_600, 9_000],
        coverage: { population: 45, samples: 42, share: 42 / 45, reasons: { no_commit: 3 } },
        gaps: [
          {
            code: 'no_commit',
            count: 3,
            text: 'deployments whose commit is not known: no `commit_at`, and no commit graph that holds the revision',
          },
        ],
        groups: [
          { key: 'api', value: 12_600, n: 30, why: null },
          { key: 'web', value: 30_600, n: 11, why: null },
          { key: null, value: 7_200, n: 1, why: null },
        ],
      },
      days,
      offset,
    ),
    metric(
      {
        id: 'change_fail_rate',
        title: 'Change fail rate',
        unit: 'share',
        better: 'lower',
        value: 0.3,
        n: 10,
        interval: [0.108, 0.603],
        level: level('low'),
        score: 7,
        baseline: before(0.05, 20),
        trend: { verdict: 'regressed', direction: 'worse', change: 0.25, p_value: 0.031, effect: 0.25, interval: [0.02, 0.51] },
        values: [0, null, null, 0.5, 0.333, 0, 0.5, 0],
      },
      days,
      offset,
    ),
    metric(
      {
        id: 'failed_deployment_recovery_time',
        title: 'Failed deployment recovery time',
        unit: 'seconds',
        better: 'lower',
        value: 2_700,
        n: 2,
        level: { edition, name: null, why: 'too_few_samples' },
        values: [null, null, null, 2_700, null, null, 3_000, null],
        coverage: { population: 3, samples: 2, share: 2 / 3, reasons: { unrecovered: 1 } },
        gaps: [{ code: 'unrecovered', count: 1, text: 'failed and have not recovered yet: kept apart, not counted as 0' }],
      },
      days,
      offset,
    ),
    metric(
      {
        id: 'deployment_rework_rate',
        title: 'Deployment rework rate',
        unit: 'share',
        better: 'lower',
        value: 0.2,
        n: 10,
        level: null,
        score: null,
        baseline: before(0.2, 10),
        trend: { verdict: 'no clear change', direction: 'same', change: 0, p_value: 1, effect: 0, interval: null },
        values: [0, null, null, 0.5, 0, 0, 0.5, 0],
      },
      days,
      offset,
    ),
    metric(
      {
        id: 'time_to_restore',
        title: 'Time to restore',
        unit: 'seconds',
        better: 'lower',
        value: null,
        n: 0,
        why: 'no_source',
        level: { edition, name: null, why: 'no_source' },
        baseline: { window: windowOf(days, offset + days), value: null, n: 0, why: 'no_source' },
        values: [null, null, null, null, null, null, null, null],
        coverage: { population: 0, samples: 0, share: null, reasons: {} },
      },
      days,
      offset,
    ),
  ]
  return {
    window: windowOf(days, offset),
    baseline: windowOf(days, offset + days),
    edition,
    metrics: Object.fromEntries(metrics.map((one) => [one.id, one])),
    score: { value: 7.5, of: 3 },
  }
}

export const catalogue: CatalogueEntry[] = Object.values(doraOf().metrics).map(({ id, title, unit, better, level }) => ({
  id,
  title,
  question: id === 'change_lead_time' ? 'How long does a commit take to reach production?' : `What is our ${title.toLowerCase()}?`,
  definition:
    id === 'change_lead_time'
      ? 'The median time from commit to running in production. A commit belongs to the first deployment whose revision contains it.'
      : `How ${title.toLowerCase()} is made, in prose.`,
  unit,
  better,
  bases: id === 'change_lead_time' ? ['commit', 'change', 'deployment'] : [],
  variants: id === 'change_lead_time' ? [{ id: 'devlake', title: 'Apache DevLake' }] : [],
  caveats:
    id === 'change_lead_time'
      ? ['Merge commits are not counted.', 'The first deployment of a service ships only its own head commit.']
      : [],
  levels: level !== null,
}))

/** 120 rows, newest first: the third has no known commit, the fifth is still open, the seventh was cancelled, the ninth has no raw item. */
export function samplesOf(id: string): SampleReply[] {
  return Array.from({ length: 120 }, (_, index): SampleReply => {
    const status = index === 2 ? 'missing' : index === 4 ? 'censored' : index === 6 ? 'listed' : 'sample'
    const share = id === 'change_fail_rate' || id === 'deployment_rework_rate'
    return {
      at: iso(TO - (index + 1) * 3_600_000),
      value: status !== 'sample' ? null : share ? Number(index % 3 === 0) : 3_600 + index * 900,
      age: status === 'censored' ? 32_400 : null,
      status,
      reason: { sample: null, missing: 'no_commit', censored: 'unrecovered', listed: 'cancelled' }[status],
      subject: {
        type: 'commit',
        id: `4f2a9c1${index}`,
        title: index === 0 ? 'Retry the payment webhook when the gateway answers 502' : `Change number ${index}`,
        url: index % 2 === 0 ? `https://git.example/acme/api/commit/4f2a9c1${index}` : null,
      },
      service: index % 3 === 0 ? 'web' : 'api',
      repository: 'acme/api',
      team: null,
      environment: 'production',
      method: index % 5 === 0 ? 'event' : 'ancestry',
      raw_id: index === 8 ? null : String(1_041 + index),
    }
  })
}

export function rawItemOf(id: string): RawItem {
  return {
    id,
    seq: Number(id),
    source: 'acme-ci',
    connector: 'events',
    stream: 'events',
    external_id: 'run-8841',
    at: '2025-11-21T07:30:00.000Z',
    received_at: '2025-11-21T07:30:01.250Z',
    digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    payload: '{"kind":"deploy","service":"web","git_sha":"4f2a9c1","succeeded":true,"attempt":2}',
    encoding: 'utf8',
    problem: null,
  }
}

const LONG = 'the-service-that-synchronises-customer-master-data-between-the-regional-warehouses-and-the-billing-of-the-group-eu-central'

/** Everything at once that strains a layout: huge and tiny figures, a name of 120 characters, many gaps, no gap at all. */
export function awkwardDora(days = 7, offset = 0, edition = '2024'): DoraReply {
  const reply = doraOf(days, offset, edition)
  const groups = [LONG, 'x', ...Array.from({ length: 30 }, (_, index) => `service-${index}`)].map((key, index) => ({
    key,
    value: 10 ** (8 - index),
    n: 10 ** Math.max(0, 7 - index),
    why: null,
  }))
  const gaps = Array.from({ length: 6 }, (_, index) => ({
    code: `gap_${index}`,
    count: 123_456,
    text: `deployments of ${LONG} whose commit is not known: no \`commit_at\``,
  }))
  const coverage = { population: 9_876_543, samples: 9_871_604, share: 0.9995, reasons: {} }
  const odd: Record<string, Partial<MetricReply>> = {
    deployment_frequency: { value: 0.0003, n: 1 },
    change_lead_time: { value: 400 * 86_400, n: 9_871_604, coverage, gaps },
    change_fail_rate: { value: 0.9995, n: 2_000 },
    failed_deployment_recovery_time: { value: 0.04, n: 12_345 },
    deployment_rework_rate: { value: 0.0004, n: 98_765 },
    time_to_restore: { value: 123_456_789_000, why: null, n: 3, level: { edition, name: 'low', why: null } },
  }
  const metrics = Object.entries(reply.metrics).map(([id, metric]) => [id, { ...metric, groups, ...odd[id] }])
  return { ...reply, metrics: Object.fromEntries(metrics) as DoraReply['metrics'] }
}

export const awkwardStatus: () => Status = () => ({
  ...status,
  organization: { ...status.organization, name: `The ${LONG.replaceAll('-', ' ')} company` },
  services: [LONG, ...Array.from({ length: 499 }, (_, index) => `service-${index}`)],
  sources: Array.from({ length: 12 }, (_, index) => ({
    name: `${LONG}-${index}`,
    connector: 'github',
    last_at: '2025-11-21T08:28:00.000Z',
    items: 1_000_000,
    unread: index,
  })),
})

export const session: Session = {
  user: { id: '7c0ffee0-0000-4000-8000-000000000001', email: 'grace@acme.example', full_name: 'Grace Hopper', is_superuser: false },
  via: 'session',
  organization: { id: '7c0ffee0-0000-4000-8000-000000000002', slug: 'acme', name: 'Acme Payments', time_zone: TZ },
  role: 'admin',
  rights: ['read', 'ingest', 'admin'],
  organizations: [{ slug: 'acme', name: 'Acme Payments', role: 'admin' }],
}

export const status: Status = {
  version: '0.1.0',
  organization: { slug: 'acme', name: 'Acme Payments', time_zone: TZ },
  demo: false,
  events: 18_204,
  services: ['api', 'billing', 'web'],
  environments: ['production', 'staging'],
  sources: [
    { name: 'acme-ci', connector: 'events', last_at: '2025-11-21T08:28:00.000Z', items: 18_000, unread: 0 },
    { name: 'github', connector: 'github', last_at: '2025-11-21T08:12:00.000Z', items: 204, unread: 0 },
    { name: 'pagerduty', connector: 'pagerduty', last_at: null, items: 0, unread: 0 },
  ],
  lag_seconds: 1,
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
