import type { EventInput } from '../../domain/event.ts'
import { instant, type Clock } from '../clock.ts'
import type { Analytics } from '../store/analytics.ts'
import { demoStory } from './demo-story.ts'
import type { Journal, JournalItem } from './journal.ts'

/** Sample data is a source of its own: every row of it says so, and all of it can be taken out again. */
export const DEMO_SOURCE = 'demo'

export async function loadDemo(journal: Journal, clock: Clock, org: string): Promise<{ events: number; last: number }> {
  const now = clock.now()
  const received_at = instant(now)
  // A load of its own each time: what was removed before is not taken for a repetition.
  const load = `demo-${now.toString(36)}-`
  const items = demoStory(now).map((event): JournalItem => {
    const own = named(load, event)
    return {
      org,
      source: DEMO_SOURCE,
      connector: 'events',
      stream: 'events',
      id: own.id,
      at: event.occurred_at ?? null,
      received_at,
      headers: null,
      payload: Buffer.from(JSON.stringify(own)),
    }
  })
  const { last } = await journal.append(items)
  return { events: items.length, last }
}

/** The event with the names of this load, wherever it names itself or another. */
function named(load: string, event: EventInput): EventInput & { id: string } {
  const { id, ref_id, deployment_id } = event
  return {
    ...event,
    id: `${load}${id}`,
    ...(ref_id === undefined ? {} : { ref_id: `${load}${ref_id}` }),
    ...(deployment_id === undefined ? {} : { deployment_id: `${load}${deployment_id}` }),
  }
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
