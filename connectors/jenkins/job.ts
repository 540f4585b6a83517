import { z } from 'zod'
import { compile, pattern } from '../../domain/pattern.ts'
import { pulled, type Ask, type Page, type Pulled } from '../../src/connector.ts'
import { walkChanged } from '../../src/paging.ts'
import type { Config } from './config.ts'
import { optional, whole } from './payload.ts'

/** A branch's name is encoded in the full name already, and once more in the address. */
export const pathOf = (name: string) =>
  name
    .split('/')
    .map((part) => `/job/${encodeURIComponent(part)}`)
    .join('')

/** What has a colour is a job, what has none is a folder. */
interface Listed {
  readonly _class?: string | null | undefined
  readonly fullName: string
  readonly color?: string | null | undefined
  readonly lastBuild?: { readonly number: number } | null | undefined
  readonly jobs?: readonly Listed[] | null | undefined
}

const listed: z.ZodType<Listed> = z.lazy(() =>
  z.object({
    _class: optional,
    fullName: z.string().min(1),
    color: optional,
    lastBuild: z.object({ number: whole }).nullish(),
    jobs: z.array(listed).nullish(),
  }),
)

const folder = z.object({ _class: optional, jobs: z.array(listed).nullish() })

export interface Job {
  readonly name: string
  readonly branch: string | null
  /** The number of its newest build. */
  readonly last: number
}

/** Three levels a request: a project of an organization folder with its branches comes whole. */
const LISTED = 'fullName,color,lastBuild[number]'

const LEVELS = `jobs[${LISTED},jobs[${LISTED},jobs[${LISTED}]]]`

/** Each job that is wanted, as it is listed, with the class of what it stands in. */
async function walkJobs({ http, config, signal }: Ask<Config>, visit: (job: Listed, parentClass: string) => void): Promise<void> {
  const ahead: string[] = ['']
  const walk = (nodes: readonly Listed[], parentClass: string) => {
    for (const one of nodes) {
      const { _class, fullName, color, jobs } = one
      if (jobs !== null && jobs !== undefined) walk(jobs, _class ?? '')
      else if (color === undefined) ahead.push(fullName)
      else if (isWanted(config, fullName)) visit(one, parentClass)
    }
  }
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    signal.throwIfAborted()
    const { body, status } = await http.get(`${name === '' ? '' : pathOf(name)}/api/json`, {
      query: { tree: LEVELS },
      allow: name === '' ? [] : [403, 404],
    })
    const { _class, jobs } = status === 200 ? folder.parse(body) : {}
    walk(jobs ?? [], _class ?? '')
  }
}

const branchOf = (fullName: string, parentClass: string) =>
  /MultiBranchProject$/i.test(parentClass) ? decoded(fullName.split('/').at(-1) ?? '') : null

/** The jobs that have builds, by name. */
export async function listJobs(ask: Ask<Config>): Promise<Job[]> {
  const found: Job[] = []
  await walkJobs(ask, ({ fullName, lastBuild }, parentClass) => {
    if (lastBuild) found.push({ name: fullName, branch: branchOf(fullName, parentClass), last: lastBuild.number })
  })
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

export const listedJobPayload = z.object({
  job: z.object({ _class: optional, fullName: z.string().min(1), color: optional }),
  branch: z.string().nullable(),
})

/** The jobs themselves, of which nothing is counted. Their newest build is left out: it changes with each, and builds are told elsewhere. */
export async function* pullJobs(ask: Ask<Config>): AsyncGenerator<Page> {
  const found: Pulled[] = []
  await walkJobs(ask, ({ _class, fullName, color }, parentClass) => {
    // `blue_anime` is blue while a build runs.
    const job = { _class, fullName, color: color?.replace(/_anime$/, '') }
    found.push(pulled(fullName, null, { job, branch: branchOf(fullName, parentClass) } satisfies z.input<typeof listedJobPayload>))
  })
  yield* walkChanged(
    ask,
    'jobs',
    found.sort((a, b) => (a.id < b.id ? -1 : 1)),
  )
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const isWanted = ({ jobs, exclude }: Config, name: string) => (jobs.length === 0 || isOneOf(jobs, name)) && !isOneOf(exclude, name)

function isOneOf(names: readonly string[], name: string): boolean {
  return names.some((one) => name === one || name.startsWith(`${one}/`) || fitsWhole(one, name))
}

/** A name such as `C++` is no pattern and still a name. */
function fitsWhole(text: string, name: string): boolean {
  return pattern().safeParse(text).success && compile(text).matcher(name).matches()
}
