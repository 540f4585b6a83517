import { z } from 'zod'
import { pulled, type Ask, type Page, type Pulled } from '../../src/connector.ts'
import { walkBuilds } from './build-walk.ts'
import type { Config } from './config.ts'
import { pathOf } from './job.ts'
import { atOf, type BuildPayload, idOf, isRunning, optional, whole } from './payload.ts'

const CASES = ',cases[className,name,status,duration]'
/** Names of cases are about 120 bytes each; what they printed and how they failed is never asked for, since it may hold secrets. */
const MOST_CASES = 5_000

const time = z.number().nullish()
const reportPayload = z.object({
  duration: time,
  passCount: whole.nullish(),
  failCount: whole.nullish(),
  skipCount: whole.nullish(),
  suites: z
    .array(
      z.object({
        name: optional,
        duration: time,
        cases: z.array(z.object({ className: optional, name: optional, status: optional, duration: time })).nullish(),
      }),
    )
    .nullish(),
})

export const testResultPayload = z.object({
  job: z.object({ name: z.string().min(1), branch: z.string().nullable() }),
  build: z.object({ number: whole.positive(), url: optional }),
  report: reportPayload,
})

/** How many tests the build says that it ran; null where it has no report of its own. Its checks are told with the build. */
function countOf(one: BuildPayload): number | null {
  const report = (one.actions ?? []).find((action) => typeof action?.totalCount === 'number' && action.urlName === 'testReport')
  return report?.totalCount ?? null
}

export async function* pullTestResults(ask: Ask<Config>): AsyncGenerator<Page> {
  yield* walkBuilds(ask, async ({ name, branch }, builds) => {
    const items: Pulled[] = []
    for (const one of builds) {
      const count = countOf(one)
      if (count === null || isRunning(one)) continue
      const tree = `duration,passCount,failCount,skipCount,suites[name,duration${count > MOST_CASES ? '' : CASES}]`
      const { body, status } = await ask.http.get(`${pathOf(name)}/${one.number}/testReport/api/json`, { query: { tree }, allow: [404] })
      if (status !== 200) continue
      const build = { number: one.number, url: one.url }
      const payload = { job: { name, branch }, build, report: reportPayload.parse(body) }
      items.push(pulled(idOf({ name }, one), atOf(one), payload satisfies z.output<typeof testResultPayload>))
    }
    return items
  })
}
