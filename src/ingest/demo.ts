import type { EventInput } from '../../domain/event.ts'
import { instant, type Clock } from '../clock.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Journal, JournalItem } from './journal.ts'

/** Sample data is a source of its own: every row of it says so, and all of it can be taken out again. */
export const DEMO_SOURCE = 'demo'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const DAYS = 119

interface Team {
  readonly service: string
  /** Deployments on a working day, at the beginning and now: one team gets better, one stands still, one slips. */
  readonly perDay: readonly [number, number]
  readonly failShare: readonly [number, number]
  readonly leadHours: readonly [number, number]
}

const TEAMS: readonly Team[] = [
  { service: 'checkout', perDay: [1.2, 3.4], failShare: [0.16, 0.07], leadHours: [30, 7] },
  { service: 'catalog', perDay: [0.9, 1], failShare: [0.1, 0.1], leadHours: [20, 22] },
  { service: 'payments', perDay: [0.5, 0.35], failShare: [0.12, 0.24], leadHours: [40, 66] },
]

/** The same seed tells the same story, to the minute; only the day on which it ends is today. */
export function demoEvents(now: number, seed = 20_260_117): EventInput[] {
  const random = mulberry32(seed)
  const events: EventInput[] = []
  const today = Math.floor(now / DAY) * DAY
  for (const team of TEAMS) {
    let number = 0
    for (let day = 0; day < DAYS; day++) {
      const at = today - (DAYS - 1 - day) * DAY
      const weekday = new Date(at).getUTCDay()
      const along = day / DAYS
      const mean = mix(team.perDay, along) * (weekday === 0 || weekday === 6 ? 0.08 : 1)
      for (let i = poisson(mean, random); i > 0; i--) {
        number++
        const finish = at + 8 * HOUR + Math.floor(random() * 10 * HOUR)
        if (finish < now) events.push(...oneDeployment(team, number, finish, along, random, now))
      }
    }
  }
  return events
    .filter((event) => Date.parse(event.occurred_at as string) < now)
    .sort((a, b) => ((a.occurred_at as string) < (b.occurred_at as string) ? -1 : 1))
}

function oneDeployment(team: Team, number: number, finish: number, along: number, random: () => number, now: number): EventInput[] {
  const id = `${team.service}-${number}`
  const lead = mix(team.leadHours, along) * Math.exp((random() + random() + random() - 1.5) * 0.9) * HOUR
  const base = { service: team.service, environment: 'production', succeeded: true } as const
  const sha = hex(random)
  const deploy: EventInput = {
    ...base,
    id,
    kind: 'deploy',
    git_sha: sha,
    version: `2.${Math.floor(number / 10)}.${number % 10}`,
    title: TITLES[Math.floor(random() * TITLES.length)] as string,
    // One in fifteen says nothing of its commit: a gap that the coverage shows.
    ...(random() < 0.066 ? {} : { commit_at: instant(finish - lead) }),
    started_at: instant(finish - 4 * 60_000 - Math.floor(random() * 6 * 60_000)),
    occurred_at: instant(finish),
    actor: 'pipeline',
  }
  const story: EventInput[] = [deploy]
  const later = (ms: number) => instant(finish + ms)
  if (random() < 0.03) return [{ ...deploy, outcome: 'cancelled' }]
  if (random() >= mix(team.failShare, along)) return story
  const minutes = 8 + random() * 100
  const way = random()
  if (way < 0.4) {
    // Failed outright; the next attempt mends it.
    story[0] = { ...deploy, succeeded: false }
    story.push({
      ...base,
      id: `${id}-fix`,
      kind: 'deploy',
      git_sha: hex(random),
      title: 'Fix the release',
      ref: 'main',
      commit_at: later(2 * 60_000),
      occurred_at: later(minutes * 60_000),
    })
  } else if (way < 0.75) {
    story.push({
      ...base,
      id: `${id}-rollback`,
      kind: 'rollback',
      ref_id: id,
      title: `Roll back ${team.service}`,
      occurred_at: later(minutes * 60_000),
    })
  } else {
    const ref = `INC-${team.service}-${number}`
    const close = finish + (20 * 60_000 + minutes * 3 * 60_000)
    const incident = { ...base, ref_id: ref, severity: random() < 0.3 ? 'high' : 'medium' } as const
    story.push({
      ...incident,
      id: `${ref}-opened`,
      kind: 'incident_opened',
      title: `${team.service}: errors after a release`,
      occurred_at: later(12 * 60_000),
    })
    story.push({
      ...base,
      id: `${id}-hotfix`,
      kind: 'deploy',
      git_sha: hex(random),
      ref: `hotfix/${team.service}-${number}`,
      title: 'Hotfix',
      commit_at: later(20 * 60_000),
      occurred_at: instant(close - 5 * 60_000),
    })
    if (close < now) story.push({ ...incident, id: `${ref}-closed`, kind: 'incident_closed', occurred_at: instant(close) })
  }
  return story
}

const TITLES = [
  'Add saved carts',
  'Speed up search',
  'Upgrade the runtime',
  'New price rules',
  'Clean up old flags',
  'Show delivery dates',
  'Cache the menu',
  'Better error pages',
]

export async function loadDemo(journal: Journal, clock: Clock, org: string): Promise<{ events: number; last: number }> {
  const now = clock.now()
  const received_at = instant(now)
  const items = demoEvents(now).map((event): JournalItem => {
    // A load of its own each time: what was removed before is not taken for a repetition.
    const id = `demo-${now}-${event.id}`
    const own = { ...event, id, ...(event.kind === 'rollback' ? { ref_id: `demo-${now}-${event.ref_id}` } : {}) }
    return {
      org,
      source: DEMO_SOURCE,
      connector: 'events',
      stream: 'events',
      id,
      at: event.occurred_at ?? null,
      received_at,
      headers: null,
      payload: Buffer.from(JSON.stringify(own)),
    }
  })
  const { last } = await journal.append(items)
  return { events: items.length, last }
}

/** Takes the sample data out of everything that is read. In the log its places stay, with their hashes and without their payload: the chain is whole. */
export async function removeDemo(analytics: Analytics, org: string): Promise<void> {
  const where = `WHERE org_id = toUUID('${org}') AND source = '${DEMO_SOURCE}'`
  for (const table of ['deployments', 'incident_states', 'coverage', 'attempts', 'shipments', 'incident_links']) {
    await analytics.run(`ALTER TABLE all_${table} DELETE ${where}`)
  }
  await analytics.run(`ALTER TABLE all_raw UPDATE payload = '', problem = '${REMOVED}' ${where}`)
}

/** The `problem` of a raw item whose payload was taken out on purpose. */
export const REMOVED = 'removed: sample data'

function mix([from, to]: readonly [number, number], along: number): number {
  return from + (to - from) * along
}

function hex(random: () => number): string {
  return Array.from({ length: 5 }, () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0'),
  ).join('')
}

/** Knuth's method: fine for means of a few. */
function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean)
  let product = random()
  let count = 0
  while (product > limit) {
    product *= random()
    count++
  }
  return count
}

/** A small seeded generator (mulberry32), so that the sample data and its screenshots repeat. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
