import { z } from 'zod'
import type { Ask } from '../../src/connector.ts'
import { answeredStatus, AppError } from '../../src/errors.ts'
import { nextLink } from '../../src/paging.ts'
import { placeOf, type Config } from './config.ts'
import type { RepositoryRef } from './payload.ts'

export function read<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AppError('source-failed', `GitHub’s answer about ${what} has another shape: ${issue?.path.join('.')}: ${issue?.message}.`, {
    help: 'Is the address that of a GitHub API? Enterprise Server must be 3.12 or newer.',
  })
}

/** What the credential may not read, what is switched off or not there: it is asked again the next time, from where it stood. */
export function isRefusal(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && [403, 404, 409, 410, 451].includes(answeredStatus(thrown) ?? 0)
}

export const refOf = ({ id, full_name }: RepositoryRef) => ({ id, full_name })

export const variablesOf = ({ full_name }: RepositoryRef) => {
  const [owner = '', name = ''] = full_name.split('/')
  return { owner, name }
}

export async function askGraph<T>(
  { http, config }: Ask<Config>,
  query: string,
  variables: Record<string, unknown>,
  schema: z.ZodType<T>,
): Promise<T> {
  try {
    return read(schema, await http.graphql(placeOf(config).graphql, query, variables), 'a query')
  } catch (thrown) {
    // GraphQL says no without a status.
    if (!(thrown instanceof AppError) || thrown.code !== 'source-refused' || answeredStatus(thrown) !== null) throw thrown
    throw new AppError(thrown.code, thrown.message, { help: thrown.help ?? '', detail: { status: 403 }, cause: thrown })
  }
}

const AT_ONCE = 50

/** A few fields of every repository, many in one query; those that are refused are left out. */
export async function askEach<T>(
  ask: Ask<Config>,
  repositories: readonly RepositoryRef[],
  { query, fields }: { readonly query: string; readonly fields: string },
  schema: z.ZodType<T>,
): Promise<Map<number, T>> {
  const found = new Map<number, T>()
  for (let start = 0; start < repositories.length; start += AT_ONCE) {
    const some = repositories.slice(start, start + AT_ONCE)
    const asked = some.map((repository, index) => {
      const { owner, name } = variablesOf(repository)
      return `r${index}:repository(owner:${JSON.stringify(owner)},name:${JSON.stringify(name)}){${fields}}`
    })
    try {
      const answer = await askGraph(ask, `query ${query}{${asked.join(' ')}}`, {}, z.record(z.string(), schema.nullable()))
      some.forEach(({ id }, index) => {
        const one = answer[`r${index}`]
        if (one !== null && one !== undefined) found.set(id, one)
      })
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      // One that is forbidden fails the query of all.
      const alone = some.length === 1 ? [] : some
      if (alone.length === 0) ask.log.warn('github.unreadable', { list: some[0]?.full_name, what: query, reason: thrown.message })
      for (const one of alone) for (const [id, told] of await askEach(ask, [one], { query, fields }, schema)) found.set(id, told)
    }
  }
  return found
}

export const connectionOf = <T extends z.ZodType>(node: T) =>
  z.object({
    totalCount: z.number().optional(),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    nodes: z.array(node.nullable()).transform((nodes) => nodes.filter((one) => one !== null)),
  })
export const nextOf = ({ pageInfo }: { pageInfo: { hasNextPage: boolean; endCursor: string | null } }) =>
  pageInfo.hasNextPage ? pageInfo.endCursor : null

export const PAGE = 'pageInfo{hasNextPage endCursor}'

export const anything = z.looseObject({})
export type Anything = z.output<typeof anything>

/**
 * A page that GitHub cannot finish in its 10 seconds fails however often it is asked: then smaller ones are asked for, down to one thing at once.
 * `http` has repeated each of them before.
 */
export async function ofSize<T>(size: number, asked: (first: number) => Promise<T>): Promise<T> {
  for (let first = size; ; first = Math.ceil(first / 5)) {
    try {
      return await asked(first)
    } catch (thrown) {
      if (first === 1 || !(thrown instanceof AppError) || thrown.code !== 'source-failed') throw thrown
    }
  }
}

/** All pages of a list that belongs to one thing. */
export async function allOf<T>(ask: Ask<Config>, path: string, entries: z.ZodType<T[]>): Promise<T[]> {
  const whole: T[] = []
  for (let page: string | null = `${placeOf(ask.config).rest}${path}`; page !== null;) {
    const answer = await ask.http.get(page, { allow: [404] })
    if (answer.status === 404) return whole
    whole.push(...read(entries, answer.body, path))
    page = nextLink(answer.headers)
  }
  return whole
}
