import { expect, test } from 'vitest'
import { eventInput, implausibleTimes, type EventInput } from '../../domain/event.ts'
import { demoStory } from './demo-story.ts'

const DAY = 86_400_000
/** A Saturday night, a Monday morning, a Wednesday noon, and the end of a leap year. */
const MOMENTS = ['2026-11-21T03:00:00Z', '2026-11-23T08:30:00Z', '2026-06-10T12:00:00Z', '2028-12-31T23:59:59Z'].map((at) => Date.parse(at))

const between = (events: readonly EventInput[], now: number, days: number, offset: number) =>
  events.filter(({ occurred_at }) => {
    const age = (now - Date.parse(occurred_at as string)) / DAY
    return age >= offset && age < offset + days
  })
const production = ({ kind, environment, outcome }: EventInput) =>
  kind === 'deploy' && environment === 'production' && outcome !== 'cancelled'

test.each(MOMENTS)('is valid, in order, and has happened already: %d', (now) => {
  const events = demoStory(now)
  const times = events.map(({ occurred_at }) => Date.parse(occurred_at as string))
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.at(-1)).toBeLessThan(now)
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  expect(events.filter((event) => !eventInput.safeParse(event).success || implausibleTimes(event, now).length > 0)).toEqual([])
  expect(events.length).toBeGreaterThan(2_000)
  expect(events.length).toBeLessThan(5_000)
})

test('tells the same from the same seed, and the same days of it an hour later', () => {
  const [now = 0] = MOMENTS
  const events = demoStory(now)
  expect(demoStory(now)).toEqual(events)
  expect(demoStory(now + 3_600_000).slice(0, events.length)).toEqual(events)
  expect(demoStory(now, 7)).not.toEqual(events)
})

test.each(MOMENTS)('has enough in every window, and in the one before it: %d', (now) => {
  const events = demoStory(now)
  for (const days of [7, 14, 28, 90]) {
    for (const offset of [0, days]) {
      const window = between(events, now, days, offset)
      expect(window.filter(production).length).toBeGreaterThan(4 * days)
      expect(window.filter(({ environment }) => environment === 'staging').length).toBeGreaterThan(4 * days)
      expect(window.filter(({ kind }) => kind === 'incident_closed').length).toBeGreaterThanOrEqual(3)
    }
  }
})

test('one team gets better, one stands still, one slips', () => {
  const [now = 0] = MOMENTS
  const events = demoStory(now)
  const lead = (services: readonly string[], offset: number) => {
    const hours = between(events, now, 28, offset)
      .filter((event) => production(event) && event.ref === 'main' && services.includes(event.service))
      .flatMap(({ commit_at, occurred_at }) => (commit_at === undefined ? [] : [Date.parse(occurred_at as string) - Date.parse(commit_at)]))
      .toSorted((a, b) => a - b)
    return hours[hours.length >> 1] as number
  }
  const change = (...services: string[]) => lead(services, 0) / lead(services, 84)
  expect(change('checkout', 'storefront')).toBeLessThan(0.75)
  expect(change('catalog', 'search')).toBeGreaterThan(0.75)
  expect(change('catalog', 'search')).toBeLessThan(1.33)
  expect(change('payments', 'invoicing')).toBeGreaterThan(1.33)
})

test('holds each thing that the page must be able to say', () => {
  const [now = 0] = MOMENTS
  const events = demoStory(now)
  const some = (matches: (event: EventInput) => boolean) => expect(events.filter(matches).length).toBeGreaterThan(2)
  some(({ kind }) => kind === 'rollback')
  some(({ outcome }) => outcome === 'cancelled')
  some(({ ref }) => ref?.startsWith('hotfix/') === true)
  some(({ commit_at, kind }) => kind === 'deploy' && commit_at === undefined)
  some(({ commit_at, occurred_at }) => commit_at !== undefined && Date.parse(commit_at) > Date.parse(occurred_at as string))
  some(({ kind, service }) => kind === 'incident_opened' && service === 'card-network')
  const opened = events.filter(({ kind }) => kind === 'incident_opened').map(({ ref_id }) => ref_id)
  const closed = new Set(events.filter(({ kind }) => kind === 'incident_closed').map(({ ref_id }) => ref_id))
  expect(opened.filter((ref) => !closed.has(ref))).toContain('INC-payments-open')
  expect(events.findLast(({ service }) => service === 'invoicing')).toMatchObject({ succeeded: false })
})
