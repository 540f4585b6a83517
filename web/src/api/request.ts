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

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (thrown) {
    // An abandoned call is no failure: the query that asked is gone.
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown
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
    }
  } catch {
    return fallback
  }
}
