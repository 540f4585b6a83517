import { z } from 'zod'
import { compile, pattern } from '../../domain/pattern.ts'
import type { Ask } from '../../src/connector.ts'
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

/** The jobs that have builds, by name. */
export async function listJobs({ http, config, signal }: Ask<Config>): Promise<Job[]> {
  const found: Job[] = []
  const ahead: string[] = ['']
  const walk = (nodes: readonly Listed[], parentClass: string) => {
    for (const { _class, fullName, color, lastBuild, jobs } of nodes) {
      if (jobs !== null && jobs !== undefined) walk(jobs, _class ?? '')
      else if (color === undefined) ahead.push(fullName)
      else if (lastBuild && isWanted(config, fullName)) {
        const branch = /MultiBranchProject$/i.test(parentClass) ? decoded(fullName.split('/').at(-1) ?? '') : null
        found.push({ name: fullName, branch, last: lastBuild.number })
      }
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
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
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
