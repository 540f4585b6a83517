import type { Problem } from './contract.ts'

/** Every way in which a call can fail, as the problem document that the server sent or the one it would have sent. */
export class ProblemError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.problem = problem
  }

  get signedOut(): boolean {
    return this.problem.status === 401
  }
}

export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof ProblemError) return thrown.problem
  return {
    title: 'This page failed',
    status: 0,
    code: 'page',
    detail: thrown instanceof Error ? thrown.message : 'Something failed that this page did not foresee.',
    help: 'Reload the page. If it happens again, please report it.',
  }
}

/** Which of these fields the problem is about, and what is wrong with it; where it is about none of them, null. */
export function fieldOf({ field, errors, detail, help }: Problem, names: readonly string[]): { name: string; text: string } | null {
  if (field !== undefined && names.includes(field)) return { name: field, text: [detail, help].filter(Boolean).join(' ') }
  const first = errors?.find(({ path }) => names.includes(path.split('.')[0] ?? ''))
  return first === undefined ? null : { name: first.path.split('.')[0] ?? '', text: first.message }
}

export async function get<Reply>(path: string, signal: AbortSignal): Promise<Reply> {
  const response = await send(path, { signal, headers: { accept: 'application/json' } })
  return (await readJson(response)) as Reply
}

export async function post(path: string, body?: object): Promise<void> {
  await send(path, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** A POST whose answer is of interest. */
export async function ask<Reply>(path: string, body: object, signal?: AbortSignal): Promise<Reply> {
  const response = await send(path, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
  return (await readJson(response)) as Reply
}

export interface Progress {
  done: number
  /** Null while nobody knows how much there is. */
  total: number | null
  what: string
}

type ProgressLine<Reply> = { progress: Progress } | { result: Reply } | { problem: Pick<Problem, 'code' | 'detail' | 'help'> }

/** A POST that takes a while: told line by line how far it is, and answered by the last line. It ends on the server, too, when it is abandoned. */
export async function follow<Reply extends object>(
  path: string,
  body: object,
  tick: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Reply> {
  const response = await send(path, {
    method: 'POST',
    headers: { accept: 'application/x-ndjson', 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  for await (const line of linesOf(response)) {
    const said = JSON.parse(line) as ProgressLine<Reply>
    if ('progress' in said) tick(said.progress)
    else if ('result' in said) return said.result
    else throw new ProblemError({ title: 'It failed', status: 0, ...said.problem })
  }
  throw cutOff()
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const parts = (rest + value).split('\n')
      rest = parts.pop() ?? ''
      yield* parts.filter((line) => line !== '')
    }
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown
    throw cutOff()
  }
  if (rest !== '') yield rest
}

function cutOff(): ProblemError {
  return new ProblemError({
    title: 'Cut off',
    status: 0,
    code: 'server-unreachable',
    detail: 'The server ended in the middle of its answer.',
    help: 'What it had done by then is kept: start it again.',
  })
}

export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError'
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (thrown) {
    // An abandoned call is no failure: the query that asked is gone.
    if (isAbort(thrown)) throw thrown
    throw new ProblemError({
      title: 'No answer',
      status: 0,
      code: 'server-unreachable',
      detail: 'The Fairlead server did not answer.',
      help: 'Check that `fairlead up` is running and that this machine can reach it.',
    })
  }
  if (!response.ok) throw new ProblemError(await readProblem(response))
  return response
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    throw new ProblemError({
      title: 'Unreadable answer',
      status: response.status,
      code: 'unreadable-answer',
      detail: 'The answer was not JSON, so something other than Fairlead may have sent it.',
      help: 'Check proxies between this browser and the server.',
    })
  }
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback: Problem = {
    title: response.statusText || 'Error',
    status: response.status,
    code: 'unexpected-answer',
    detail: `The server answered ${response.status} without saying why.`,
    help: null,
  }
  if (!response.headers.get('content-type')?.includes('json')) return fallback
  try {
    const sent = (await response.json()) as Partial<Problem>
    return {
      title: sent.title ?? fallback.title,
      status: response.status,
      code: sent.code ?? fallback.code,
      detail: sent.detail ?? sent.title ?? fallback.detail,
      help: sent.help ?? null,
      ...(typeof sent.field === 'string' ? { field: sent.field } : {}),
      ...(Array.isArray(sent.errors) ? { errors: sent.errors } : {}),
    }
  } catch {
    return fallback
  }
}
