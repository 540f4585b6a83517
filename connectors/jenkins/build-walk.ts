import { z } from 'zod'
import type { Ask, Page, Pulled } from '../../src/connector.ts'
import { readCursor } from '../../src/paging.ts'
import type { Config } from './config.ts'
import { type Job, listJobs, pathOf } from './job.ts'
import { buildPayload, type BuildPayload, isRunning, TREE, whole } from './payload.ts'

const place = z.object({
  /** Every build up to this number has been given … */
  done: z.number(),
  /** … in its last state, save for those that ran. */
  open: z.array(z.number()),
})

const cursor = z.object({
  jobs: z.record(z.string(), place),
  /** A walk back through the builds of a job that was stopped, and the newest build that it saw. */
  walk: z.object({ job: z.string(), from: z.number(), top: z.number() }).optional(),
})

type Cursor = z.output<typeof cursor>

const buildsPage = z.object({ firstBuild: z.object({ number: whole }).nullish(), allBuilds: z.array(buildPayload).nullish() })
const BUILDS_A_PAGE = 100

/**
 * Builds newest first, by their place in the list: one that begins meanwhile moves the others to where they are seen again. The list that is called
 * `builds` ends after a hundred, `allBuilds` does not.
 */
export async function* walkBuilds(
  ask: Ask<Config>,
  itemsOf: (job: Job, builds: readonly BuildPayload[]) => Promise<Pulled[]>,
): AsyncGenerator<Page> {
  const { http, since, until, signal } = ask
  const before = readCursor(cursor, ask.cursor) ?? { jobs: {} }
  const jobs = await listJobs(ask)
  const places: Record<string, z.output<typeof place>> = {}
  // A job that was made anew counts from 1 again.
  for (const { name, last } of jobs)
    if ((before.jobs[name]?.done ?? last + 1) <= last) places[name] = before.jobs[name] as z.output<typeof place>
  let items: Pulled[] = []
  let done = 0
  const gather = async (job: Job, builds: readonly BuildPayload[]): Promise<void> => {
    const wanted = builds.filter(({ timestamp }) => isWithin(timestamp, since, until))
    items.push(...(await itemsOf(job, wanted)))
    done += wanted.length
    ask.progress(done, null, 'builds')
  }
  // Branch jobs are many and have few builds: a page of several jobs spares a cursor for each.
  const page = (walk?: Cursor['walk']): Page => {
    const given = items
    items = []
    return { items: given, cursor: JSON.stringify({ jobs: places, ...(walk && { walk }) } satisfies Cursor) }
  }

  for (const job of jobs) {
    const at = places[job.name] ?? { done: 0, open: [] }
    const open = new Set(at.open)
    const stopped = before.walk?.job === job.name ? before.walk : undefined
    if (stopped === undefined && open.size > 0) {
      const again: BuildPayload[] = []
      for (const number of at.open) {
        const { body, status } = await http.get(`${pathOf(job.name)}/${number}/api/json`, { query: { tree: TREE }, allow: [404] })
        const found = status === 200 ? buildPayload.parse(body) : null
        if (found !== null) again.push(found)
        if (found === null || !isRunning(found)) open.delete(number)
      }
      places[job.name] = { done: at.done, open: [...open] }
      await gather(job, again)
    }
    if (stopped === undefined && since === null && job.last <= at.done) continue
    let walk: Cursor['walk'] = stopped ?? { job: job.name, from: 0, top: at.done }
    while (walk !== undefined) {
      signal.throwIfAborted()
      const tree = `firstBuild[number],allBuilds[${TREE}]{${walk.from},${walk.from + BUILDS_A_PAGE}}`
      const { body, status } = await http.get(`${pathOf(job.name)}/api/json`, { query: { tree }, allow: [404] })
      const { firstBuild, allBuilds } = status === 200 ? buildsPage.parse(body) : {}
      const builds = allBuilds ?? []
      const oldest = builds.at(-1)
      const top: number = Math.max(walk.top, builds[0]?.number ?? 0)
      const isLast =
        oldest === undefined ||
        oldest.number <= (firstBuild?.number ?? oldest.number) ||
        (since === null ? oldest.number <= at.done + 1 : oldest.timestamp < Date.parse(since))
      const fresh = builds.filter(({ number }) => since !== null || number > at.done)
      for (const one of fresh) if (isRunning(one)) open.add(one.number)
      // What lies behind the range has not been given.
      places[job.name] = { done: isLast && until === null ? top : at.done, open: [...open] }
      walk = isLast ? undefined : { job: job.name, from: walk.from + builds.length, top }
      await gather(job, fresh)
      if (walk !== undefined || items.length >= BUILDS_A_PAGE) yield page(walk)
    }
  }
  yield page()
}

function isWithin(ms: number, since: string | null, until: string | null): boolean {
  return (since === null || ms >= Date.parse(since)) && (until === null || ms < Date.parse(until))
}
