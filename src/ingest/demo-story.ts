import type { EventInput } from '../../domain/event.ts'
import { instant } from '../clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The widest window of the dashboard and the one before it, 90 days each, with a few to spare. */
const DAYS = 189

/** What changes over the months: at the beginning and now. */
type Course = readonly [then: number, now: number]

interface Story {
  readonly service: string
  readonly repo: string
  /** Production deployments in a week. */
  readonly perWeek: Course
  readonly failShare: Course
  readonly leadHours: Course
  readonly restoreMinutes: Course
  /** The day of the story on which the service was first deployed. */
  readonly begins?: number
  readonly titles: readonly string[]
}

/** Three teams of an invented shop, two services each: one team gets better, one stands still, one slips. */
const STORIES: readonly Story[] = [
  {
    service: 'checkout',
    repo: 'acme/shop',
    perWeek: [6, 15],
    failShare: [0.2, 0.07],
    leadHours: [34, 5],
    restoreMinutes: [140, 30],
    titles: ['Guest checkout', 'Remember the delivery address', 'Show taxes early', 'Retry a declined card once', 'Shorter order form'],
  },
  {
    service: 'storefront',
    repo: 'acme/shop',
    perWeek: [8, 16],
    failShare: [0.16, 0.08],
    leadHours: [28, 6],
    restoreMinutes: [110, 35],
    titles: ['Lazy-load product images', 'New landing page', 'Save a wish list', 'Larger touch targets', 'Render prices on the server'],
  },
  {
    service: 'catalog',
    repo: 'acme/shop',
    perWeek: [9, 9],
    failShare: [0.11, 0.11],
    leadHours: [20, 20],
    restoreMinutes: [70, 70],
    titles: ['Import sizes from the supplier', 'Cache category pages', 'Variants share a description', 'Speed up the nightly import'],
  },
  {
    service: 'search',
    repo: 'acme/shop',
    perWeek: [7, 7],
    failShare: [0.12, 0.12],
    leadHours: [16, 16],
    restoreMinutes: [60, 60],
    titles: ['Typo tolerance', 'Rank what is in stock first', 'Synonyms for sizes', 'Smaller index'],
  },
  {
    service: 'payments',
    repo: 'acme/ledger',
    perWeek: [9, 6],
    failShare: [0.1, 0.3],
    leadHours: [30, 78],
    restoreMinutes: [60, 230],
    titles: [
      'Rotate the gateway keys',
      'Refunds in instalments',
      'Settle in euro and pound',
      'Stricter fraud rules',
      'Upgrade the card library',
    ],
  },
  {
    service: 'invoicing',
    repo: 'acme/ledger',
    perWeek: [7, 5],
    failShare: [0.1, 0.24],
    leadHours: [36, 66],
    restoreMinutes: [70, 190],
    begins: 104,
    titles: ['Number invoices without gaps', 'Reverse charge for companies', 'PDF/A archive', 'Remind after 14 days'],
  },
]

/** Work happens on working days, in UTC: Sunday first. The mean over the week is 1. */
const WEEKDAYS = [0.02, 1.3, 1.6, 1.6, 1.4, 0.98, 0.1]
const FIRST_HOUR = 7
const LAST_HOUR = 17

/**
 * Half a year of deployments, rollbacks and incidents up to `now`. The same seed tells the same story on the same day, to the
 * minute. What is due is carried over from day to day, so that a week has as many deployments and failures as it should.
 */
export function demoStory(now: number, seed = 20_260_117): EventInput[] {
  const random = mulberry32(seed)
  const today = Math.floor(now / DAY) * DAY
  const events = [...STORIES.flatMap((story) => tell(story, today, random)), ...elsewhere(today, random)]
  return events
    .filter((event) => Date.parse(event.occurred_at as string) < now)
    .toSorted((a, b) => ((a.occurred_at as string) < (b.occurred_at as string) ? -1 : 1))
}

type Random = () => number

function tell(story: Story, today: number, random: Random): EventInput[] {
  const events: EventInput[] = []
  const due = accumulator(random())
  const failing = accumulator(random())
  const leads = spread(random())
  const open = `INC-${story.service}-open`
  // Yesterday evening one release failed for good, and one incident is still open: nothing after that may have mended them.
  const ends = story.service === 'invoicing' ? today - 7 * HOUR : today + DAY
  let number = 0
  let free = 0
  let before: { sha: string; id: string } | null = null
  for (let day = story.begins ?? 0; day < DAYS; day++) {
    const midnight = today - (DAYS - 1 - day) * DAY
    const along = (day / DAYS) ** 2
    const weight = WEEKDAYS[new Date(midnight).getUTCDay()] as number
    const count = due((mix(story.perWeek, along) / 7) * weight)
    const length = ((LAST_HOUR - FIRST_HOUR) * HOUR) / Math.max(count, 1)
    for (let i = 0; i < count; i++) {
      const at = Math.max(midnight + FIRST_HOUR * HOUR + Math.floor((i + random()) * length), free)
      if (at >= ends) continue
      number++
      const release: Release = {
        story,
        along,
        id: `${story.service}-${number}`,
        at,
        sha: hex(random),
        lead: mix(story.leadHours, along) * HOUR * leads(),
        number,
        before,
      }
      const told = oneRelease(release, failing(mix(story.failShare, along)) > 0, random)
      events.push(...told.events)
      free = told.ends + 25 * MINUTE
      before = { sha: release.sha, id: release.id }
    }
  }
  if (story.service === 'invoicing') {
    events.push({
      ...base(story),
      id: 'invoicing-last',
      kind: 'deploy',
      git_sha: hex(random),
      title: 'Split invoices by cost centre',
      commit_at: instant(ends - 50 * HOUR),
      occurred_at: instant(ends),
      succeeded: false,
    })
  }
  if (story.service === 'payments' && before !== null) {
    events.push({
      ...base(story),
      id: `${open}-opened`,
      kind: 'incident_opened',
      ref_id: open,
      deployment_id: before.id,
      severity: 'high',
      title: 'Refunds are booked twice',
      occurred_at: instant(today - 6 * HOUR),
    })
  }
  return events
}

interface Release {
  readonly story: Story
  readonly along: number
  readonly id: string
  readonly at: number
  readonly sha: string
  readonly lead: number
  readonly number: number
  /** What runs when it is deployed. */
  readonly before: { readonly sha: string; readonly id: string } | null
}

/** One release: through staging into production, and what came of it. `ends` is when the service is quiet again. */
function oneRelease(release: Release, fails: boolean, random: Random): { events: EventInput[]; ends: number } {
  const { story, id, at, sha, lead, number } = release
  const title = story.titles[number % story.titles.length] as string
  const deploy: EventInput = {
    ...base(story),
    id,
    kind: 'deploy',
    git_sha: sha,
    ref: 'main',
    version: `${2 + Math.floor(number / 100)}.${Math.floor(number / 10) % 10}.${number % 10}`,
    title,
    // One in fifteen says nothing of its commit, and now and then a clock is wrong: gaps that the coverage shows.
    ...(number % 15 === 7 ? {} : { commit_at: instant(number % 83 === 40 ? at + 2 * HOUR : at - lead) }),
    started_at: instant(at - 4 * MINUTE - Math.floor(random() * 6 * MINUTE)),
    occurred_at: instant(at),
    actor: 'pipeline',
  }
  const events = staging(release, deploy, random)
  if (number % 33 === 20) return { events: [...events, { ...deploy, outcome: 'cancelled' }], ends: at }
  if (!fails) return { events: [...events, deploy], ends: at }
  const told = oneFailure(release, deploy, random)
  return { events: [...events, ...told.events], ends: told.ends }
}

/** The same revision in staging before; one in eight does not pass there at first. */
function staging({ id, at, number }: Release, deploy: EventInput, random: Random): EventInput[] {
  const passed = at - (25 + random() * 120) * MINUTE
  const attempt = (suffix: string, time: number, more: Partial<EventInput>): EventInput => {
    return {
      ...deploy,
      id: `${id}-${suffix}`,
      environment: 'staging',
      started_at: instant(time - 3 * MINUTE),
      occurred_at: instant(time),
      ...more,
    }
  }
  const pass = attempt('staging', passed, {})
  if (number % 8 !== 3) return [pass]
  return [attempt('staging-red', passed - (20 + random() * 60) * MINUTE, { git_sha: hex(random), succeeded: false }), pass]
}

/** The ways in which a release goes wrong, in turn: it fails outright, it is rolled back, it takes an incident and a hotfix. */
function oneFailure(release: Release, deploy: EventInput, random: Random): { events: EventInput[]; ends: number } {
  const { story, along, id, at, number, before } = release
  const minutes = mix(story.restoreMinutes, along) * (0.55 + random() * 0.9)
  const mended = at + minutes * MINUTE
  const incident = (title: string, closes: number): EventInput[] => {
    const ref_id = `INC-${story.service}-${number}`
    const about = { ...base(story), ref_id, deployment_id: id, severity: random() < 0.3 ? 'high' : 'medium', title }
    return [
      { ...about, id: `${ref_id}-opened`, kind: 'incident_opened', occurred_at: instant(at + (3 + random() * 9) * MINUTE) },
      { ...about, id: `${ref_id}-closed`, kind: 'incident_closed', occurred_at: instant(closes) },
    ]
  }
  const rollback: EventInput = {
    ...base(story),
    id: `${id}-rollback`,
    kind: 'rollback',
    ref_id: id,
    title: `Roll back ${story.service} ${deploy.version}`,
    occurred_at: instant(mended),
  }
  const way = random()
  if (way < 0.2) {
    const fix: EventInput = {
      ...deploy,
      id: `${id}-fix`,
      git_sha: hex(random),
      title: `Fix: ${deploy.title}`,
      version: `${deploy.version}-1`,
      commit_at: instant(at + 6 * MINUTE),
      occurred_at: instant(mended),
    }
    return { events: [{ ...deploy, succeeded: false }, fix], ends: mended }
  }
  if (way < 0.25) return { events: [deploy, rollback], ends: mended }
  if (way < 0.5)
    return { events: [deploy, rollback, ...incident(`${story.service}: error rate above 5 %`, mended + 10 * MINUTE)], ends: mended }
  if (way < 0.6 && before !== null) {
    // Nobody says that it is a rollback: the revision from before is simply deployed again.
    const again: EventInput = {
      ...deploy,
      id: `${id}-again`,
      git_sha: before.sha,
      title: `Deploy the release before ${deploy.version}`,
      version: `${deploy.version}-back`,
      occurred_at: instant(mended),
    }
    delete again.commit_at
    return { events: [deploy, again], ends: mended }
  }
  const hotfix: EventInput = {
    ...deploy,
    id: `${id}-hotfix`,
    git_sha: hex(random),
    ref: `hotfix/${story.service}-${number}`,
    title: `Hotfix: ${deploy.title}`,
    version: `${deploy.version}-hotfix`,
    commit_at: instant(at + (mended - at) * 0.4),
    occurred_at: instant(mended),
  }
  return { events: [deploy, ...incident(`${story.service}: slow since ${deploy.version}`, mended + 5 * MINUTE), hotfix], ends: mended }
}

/** Incidents that no deployment caused: somebody else's outage. */
function elsewhere(today: number, random: Random): EventInput[] {
  const due = accumulator(random())
  const events: EventInput[] = []
  for (let day = 0; day < DAYS; day++) {
    if (due(2.6 / 7) === 0) continue
    const at = today - (DAYS - 1 - day) * DAY + random() * DAY
    const ref_id = `INC-card-network-${day}`
    const about = {
      service: 'card-network',
      environment: 'production',
      succeeded: true,
      ref_id,
      severity: 'medium',
      title: 'The card network answers slowly',
    } as const
    events.push({ ...about, id: `${ref_id}-opened`, kind: 'incident_opened', occurred_at: instant(at) })
    events.push({ ...about, id: `${ref_id}-closed`, kind: 'incident_closed', occurred_at: instant(at + (20 + random() * 60) * MINUTE) })
  }
  return events
}

function base({ service, repo }: Story) {
  return { service, repo, environment: 'production', succeeded: true } as const
}

function mix([then, now]: Course, along: number): number {
  return then + (now - then) * along
}

/** How many are due when this share of one more is added; the rest is kept for the next time. */
function accumulator(kept: number): (share: number) => number {
  let due = kept
  return (share) => {
    due += share
    const whole = Math.floor(due)
    due -= whole
    return whole
  }
}

/** Factors around 1, spread evenly (by the golden ratio) over a log-normal curve: the median of a few is already near 1. */
function spread(start: number): () => number {
  let at = start
  return () => {
    at = (at + 0.618_033_988_749_895) % 1
    const inside = 0.03 + at * 0.94
    return Math.exp(0.42 * Math.log(inside / (1 - inside)))
  }
}

function hex(random: Random): string {
  return Array.from({ length: 20 }, () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0'),
  ).join('')
}

/** A small seeded generator (mulberry32), so that the sample data and its screenshots repeat. */
function mulberry32(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
