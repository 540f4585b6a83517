import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { z } from 'zod'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { silentLog } from '../src/log.ts'
import { openFairlead, type Fairlead } from '../src/main.ts'
import { createDeriver } from '../src/measure/derive.ts'
import type { DoraReply } from '../src/metric.ts'
import type { Analytics } from '../src/store/analytics.ts'
import { statement } from '../src/store/statement.ts'
import { count, figure, machine, options, print, repeated, timed, type Figure } from './figures.ts'
import { openReference } from './postgres.ts'

const SERVICES = 100
const DAYS = 730
const DAY_MS = 86_400_000
/** The data ends here and the window too, so that both stores are asked for the same rows whenever this runs. */
const END = Date.UTC(2026, 2, 1)
const START = END - DAYS * DAY_MS

/**
 * Event `n` of N, the same in both stores by plain integer arithmetic. Each service repeats a round of 200 events: 6 rollbacks (3 %),
 * 7 openings and 7 closings of incidents (3.5 % each; the closing three events after its opening), 180 deployments (90 %), of which one in
 * 20 failed; every sha is its own; `commit_at` on 95 %, between 1 minute and 3 days before.
 */
const eventSql = (number: string, hex: (n: string) => string, div: (a: string, b: number) => string) => ({
  service: `concat('service-', ${number} % ${SERVICES})`,
  round: `(${div(number, SERVICES)} + (${number} % ${SERVICES}) * 11)`,
  sha: hex(number),
})
const OPENED = [10, 38, 66, 94, 122, 150, 178]
const CLOSED = OPENED.map((one) => one + 3)
const ROLLBACK = [5, 35, 65, 95, 125, 155]

export async function run(args: string[]): Promise<void> {
  const asked = options(args, { events: '1M', runs: '5', json: 'false', keep: '' })
  const events = count(asked['events'])
  const runs = count(asked['runs'])
  const before = machine()
  const directory = asked['keep'] === '' ? await mkdtemp(join(tmpdir(), 'fairlead-bench-')) : (asked['keep'] as string)
  try {
    const { figures, setup, notes } = await measureBoth(directory, events, runs)
    const report = { bench: `metrics: ${events} events, ${SERVICES} services, ${DAYS} days`, setup, figures, notes }
    process.stdout.write(asked['json'] === 'true' ? `${JSON.stringify({ machine: before, ...report })}\n` : `${print(report, before)}\n`)
  } finally {
    if (asked['keep'] === '') await rm(directory, { recursive: true, force: true })
  }
}

async function measureBoth(directory: string, events: number, runs: number) {
  const to = new Date(END).toISOString()
  const from = new Date(END - 90 * DAY_MS).toISOString()
  const figures: Figure[] = []

  const reference = await openReference(join(directory, 'reference'))
  const client = await reference.connect()
  const filled = Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM deploy_events')).rows[0]?.n)
  if (filled === 0) {
    figures.push(
      figure('PostgreSQL: fill (INSERT … SELECT generate_series)', 's', [(await timed(() => fillReference(client, events))) / 1000]),
    )
  }
  const baseDora = figure(
    'PostgreSQL: the four metrics, 90 days, all services',
    'ms',
    await repeated(runs, () => referenceDora(client, from, to, null)),
  )
  const baseDoraTwice = figure(
    'PostgreSQL: the four metrics, 90 days and the 90 before',
    'ms',
    await repeated(runs, async () => {
      await referenceDora(client, from, to, null)
      await referenceDora(client, new Date(END - 180 * DAY_MS).toISOString(), from, null)
    }),
  )
  const baseService = figure(
    'PostgreSQL: the four metrics, 90 days, one service',
    'ms',
    await repeated(runs, () => referenceDora(client, from, to, 'service-7')),
  )
  const baseSamples = figure('PostgreSQL: 100 newest lead times', 'ms', await repeated(runs, () => referenceSamples(client, from, to)))
  const expected = await referenceDora(client, from, to, null)
  const expectedService = await referenceDora(client, from, to, 'service-7')
  await client.end()
  await reference.close()

  const fairlead = await openFairlead(loadConfig({ FAIRLEAD_DATA: join(directory, 'fairlead'), FAIRLEAD_LOG: 'silent' }, directory), {
    log: silentLog,
    actor: 'bench',
    environment: {},
  })
  try {
    const { analytics, access } = fairlead.services
    const org = access.home.id
    const [standing] = await analytics.read(
      statement({ name: 'bench.standing', sql: 'SELECT count() AS n FROM all_attempts', row: z.object({ n: z.coerce.number() }) }),
    )
    if (standing?.n === 0) {
      figures.push(figure('Fairlead: fill (INSERT … SELECT numbers)', 's', [(await timed(() => fillOurs(analytics, org, events))) / 1000]))
      const deriver = createDeriver({ analytics, clock: systemClock })
      figures.push(figure('Fairlead: derive everything (rebuild)', 's', [(await timed(() => deriver.rebuild(org))) / 1000]))
    }
    const get = <T>(path: string) => request<T>(fairlead, path)
    const window = `from=${from}&to=${to}&tz=UTC`
    const dora = await get<DoraReply>(`/v1/dora?${window}`)
    const doraService = await get<DoraReply>(`/v1/dora?${window}&service=service-7`)
    const failedBy = await get<DoraReply['metrics'][string]>(`/v1/metrics/change_fail_rate?${window}&by=method`)
    agree('all services', expected, dora)
    agree('one service', expectedService, doraService)
    const outcome = failedBy.groups.find((one) => one.key === 'outcome')?.n
    if (outcome !== expected.failed) throw new Error(`failed by outcome: PostgreSQL ${expected.failed}, Fairlead ${outcome}`)

    figures.push(
      baseDora,
      baseDoraTwice,
      figure(
        'Fairlead: /v1/dora, 90 days and baseline, all services',
        'ms',
        await repeated(runs, () => get(`/v1/dora?${window}`)),
        baseDora,
      ),
    )
    const whole = figures.at(-1) as Figure
    figures.push(figure('  the same against both windows', 'ms', whole.runs, baseDoraTwice))
    for (const id of Object.keys(dora.metrics))
      figures.push(figure(`  /v1/metrics/${id}`, 'ms', await repeated(runs, () => get(`/v1/metrics/${id}?${window}`))))
    figures.push(
      baseService,
      figure('Fairlead: /v1/dora, one service', 'ms', await repeated(runs, () => get(`/v1/dora?${window}&service=service-7`)), baseService),
      baseSamples,
      figure(
        'Fairlead: 100 newest lead times',
        'ms',
        await repeated(runs, () => get(`/v1/metrics/change_lead_time/samples?${window}&status=sample`)),
        baseSamples,
      ),
      figure('Fairlead: lead time by service', 'ms', await repeated(runs, () => get(`/v1/metrics/change_lead_time?${window}&by=service`))),
      figure(
        'Fairlead: /v1/dora, 730 days by month',
        'ms',
        await repeated(2, () => get(`/v1/dora?from=${new Date(START).toISOString()}&to=${to}&tz=UTC`)),
      ),
    )
    return {
      figures,
      setup: { baseline: reference.describe, ours: analytics.describe.replace(/ in .*/, '') },
      notes: [
        'Both stores hold the same events and agree: n and value of deployment frequency, lead time and time to restore; attempts and failures by outcome of the change fail rate.',
        'Not compared: the share of the change fail rate. Fairlead counts each attempt once, and also those that an incident is laid to; the reference adds rollbacks to failures.',
        '/v1/dora answers six metrics with baseline, series, coverage and score, PostgreSQL four plain figures.',
        'Fairlead’s domain rows are generated in the engine and derived by the program; raw log and journal are not part of this bench (see ingest).',
      ],
    }
  } finally {
    await fairlead.close()
  }
}

async function request<T>(fairlead: Fairlead, path: string): Promise<T> {
  const answer = await fairlead.app.request(path, { headers: { authorization: `Bearer ${fairlead.token.reveal()}` } })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

interface Expected {
  readonly successes: number
  readonly attempts: number
  readonly failed: number
  readonly leadN: number
  readonly leadMedian: number
  readonly restoreN: number
  readonly restoreMedian: number
}

/** The reference's arithmetic: one query a metric, as the tutorial computes them. */
async function referenceDora(client: Client, from: string, to: string, service: string | null): Promise<Expected> {
  const narrow = service === null ? '' : 'AND service = $3'
  const values = service === null ? [from, to] : [from, to, service]
  const one = async (sql: string) => (await client.query<Record<string, string>>(sql, values)).rows[0] ?? {}
  const frequency = await one(
    `SELECT count(*) AS n FROM deploy_events WHERE kind = 'deploy' AND succeeded AND occurred_at >= $1 AND occurred_at < $2 ${narrow}`,
  )
  const lead =
    await one(`SELECT count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM occurred_at - commit_at)) AS median
FROM deploy_events WHERE kind = 'deploy' AND succeeded AND commit_at IS NOT NULL AND occurred_at >= $1 AND occurred_at < $2 ${narrow}`)
  const rate =
    await one(`SELECT count(*) FILTER (WHERE kind = 'deploy') AS attempts, count(*) FILTER (WHERE kind = 'deploy' AND NOT succeeded) AS failed,
  count(*) FILTER (WHERE kind = 'rollback') AS rollbacks
FROM deploy_events WHERE kind IN ('deploy', 'rollback') AND occurred_at >= $1 AND occurred_at < $2 ${narrow}`)
  const restore =
    await one(`SELECT count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed.occurred_at - opened.occurred_at)) AS median
FROM (SELECT ref_id, occurred_at FROM deploy_events WHERE kind = 'incident_closed' AND occurred_at >= $1 AND occurred_at < $2 ${narrow}) AS closed
JOIN (SELECT ref_id, occurred_at FROM deploy_events WHERE kind = 'incident_opened' AND occurred_at < $2 ${narrow}) AS opened USING (ref_id)`)
  return {
    successes: Number(frequency['n']),
    attempts: Number(rate['attempts']),
    failed: Number(rate['failed']),
    leadN: Number(lead['n']),
    leadMedian: Number(lead['median']),
    restoreN: Number(restore['n']),
    restoreMedian: Number(restore['median']),
  }
}

async function referenceSamples(client: Client, from: string, to: string): Promise<void> {
  await client.query(
    `SELECT id, service, git_sha, occurred_at, occurred_at - commit_at AS value FROM deploy_events
WHERE kind = 'deploy' AND succeeded AND commit_at IS NOT NULL AND occurred_at >= $1 AND occurred_at < $2 ORDER BY occurred_at DESC, id DESC LIMIT 100`,
    [from, to],
  )
}

function agree(what: string, expected: Expected, dora: DoraReply): void {
  const figureOf = (id: string) => {
    const metric = dora.metrics[id]
    if (metric === undefined) throw new Error(`no ${id} in the reply`)
    return metric
  }
  const pairs: [string, number, number | null][] = [
    ['successful deployments', expected.successes, figureOf('deployment_frequency').n],
    ['deployments a day', expected.successes / 90, figureOf('deployment_frequency').value],
    ['finished attempts', expected.attempts, figureOf('change_fail_rate').n],
    ['lead times', expected.leadN, figureOf('change_lead_time').n],
    ['median lead time', expected.leadMedian, figureOf('change_lead_time').value],
    ['restored incidents', expected.restoreN, figureOf('time_to_restore').n],
    ['median time to restore', expected.restoreMedian, figureOf('time_to_restore').value],
  ]
  const different = pairs.filter(([, left, right]) => right === null || Math.abs(left - right) > 1e-6 * Math.max(1, Math.abs(left)))
  if (different.length > 0) {
    throw new Error(`The stores differ for ${what}: ${different.map(([name, left, right]) => `${name} ${left} ≠ ${right}`).join('; ')}`)
  }
}

async function fillReference(client: Client, events: number): Promise<void> {
  const { service, round, sha } = eventSql(
    'n',
    (n) => `lpad(to_hex(${n}), 12, '0')`,
    (a, b) => `(${a} / ${b})`,
  )
  const step = Math.floor((DAYS * DAY_MS) / events)
  await client.query(`INSERT INTO deploy_events (kind, service, git_sha, environment, succeeded, commit_at, ref_id, occurred_at)
SELECT kind, service, sha, 'prod', NOT (kind = 'deploy' AND (round * 13) % 20 = 0),
  CASE WHEN kind = 'deploy' AND (n * 7) % 20 <> 0 THEN at - ((n * 7919) % 259140 + 60) * interval '1 second' END,
  CASE WHEN kind = 'incident_opened' THEN service || '-' || round WHEN kind = 'incident_closed' THEN service || '-' || (round - 3) END, at
FROM (
  SELECT n, round, service, sha, to_timestamp(${START / 1000}) + (n * ${step}) * interval '1 millisecond' AS at,
    CASE WHEN round % 200 IN (${OPENED.join()}) THEN 'incident_opened' WHEN round % 200 IN (${CLOSED.join()}) THEN 'incident_closed'
      WHEN round % 200 IN (${ROLLBACK.join()}) THEN 'rollback' ELSE 'deploy' END AS kind
  FROM (SELECT n, ${round} AS round, ${service} AS service, ${sha} AS sha FROM generate_series(0::bigint, ${events - 1}::bigint) AS n) AS numbered
) AS events`)
  await client.query('VACUUM ANALYZE deploy_events')
}

/** Domain rows as the applier would have written them, generated in the engine: a row a deployment and a row an incident's state. */
async function fillOurs(analytics: Analytics, org: string, events: number): Promise<void> {
  const { service, round, sha } = eventSql(
    'n',
    (n) => `leftPad(lower(hex(${n})), 12, '0')`,
    (a, b) => `intDiv(${a}, ${b})`,
  )
  const step = Math.floor((DAYS * DAY_MS) / events)
  // Bounded in size, as the applier's batches are: the parts that result are merged behind, as they would be.
  const CHUNK = 2_000_000
  for (let start = 0; start < events; start += CHUNK) {
    const source = `(
  SELECT toInt64(number) AS n, ${round} AS round, ${service} AS service, ${sha} AS sha, fromUnixTimestamp64Milli(toInt64(${START} + n * ${step}), 'UTC') AS at,
    multiIf(round % 200 IN (${OPENED.join()}), 'incident_opened', round % 200 IN (${CLOSED.join()}), 'incident_closed',
      round % 200 IN (${ROLLBACK.join()}), 'rollback', 'deploy') AS kind
  FROM numbers(${start}, ${Math.min(CHUNK, events - start)}))`
    await analytics.run(`INSERT INTO all_deployments (org_id, id, kind, service, environment, environment_name, at, finished_at, outcome, revision, commit_at, source, raw_seq, received_at, seen_at, is_deleted)
SELECT toUUID('${org}'), concat('d', toString(n)), kind, service, 'production', 'prod', at, at,
  if(kind = 'deploy' AND (round * 13) % 20 = 0, 'failure', 'success'), sha,
  if(kind = 'deploy' AND (n * 7) % 20 != 0, at - toIntervalSecond((n * 7919) % 259140 + 60), NULL), 'events', n + 1, at, at, 0
FROM ${source} WHERE kind IN ('deploy', 'rollback')`)
    await analytics.run(`INSERT INTO all_incident_states (org_id, id, state, at, service, environment, environment_name, ref_id, source, raw_seq, received_at, seen_at, is_deleted)
SELECT toUUID('${org}'), concat(service, '-', toString(if(kind = 'incident_opened', round, round - 3))), if(kind = 'incident_opened', 'opened', 'closed'), at, service,
  'production', 'prod', concat(service, '-', toString(if(kind = 'incident_opened', round, round - 3))), 'events', n + 1, at, at, 0
FROM ${source} WHERE kind IN ('incident_opened', 'incident_closed')`)
  }
  const began = new Date(START).toISOString()
  for (const table of ['deployments', 'incident_states']) {
    await analytics.run(`INSERT INTO all_coverage (org_id, table, from_at, to_at, open, source, raw_seq, received_at, seen_at, is_deleted)
VALUES (toUUID('${org}'), '${table}', '${began}', '${began}', true, 'events', 0, '${began}', '${began}', 0)`)
  }
}
