import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProgressLine } from '../api/progress.ts'
import type { Config } from '../config.ts'
import { AppError, isErrorCode, systemCode } from '../errors.ts'
import { createLog } from '../log.ts'
import type { Fairlead, ServerFile } from '../main.ts'
import { note } from './output.ts'

/** The application, wherever it is: a remote server, the running server of the data directory, or this very process. The same requests, the same answers. */
export interface Client {
  request(path: string, init?: RequestInit): Promise<Response>
  /** The JSON of an answer; a problem document becomes the AppError that it was. */
  json<T>(path: string, init?: RequestInit): Promise<T>
  /** A POST whose answer tells how far it is, line by line, and gives the result as the last. */
  follow<T>(path: string, body: unknown, tick: (done: number, total: number | null, what: string) => void): Promise<T>
  /** The application in this process; null when a server answers. */
  readonly local: Fairlead | null
  close(): Promise<void>
}

/** How long two commands without a server wait for each other. */
const PATIENCE_MS = 30_000
/** How long a command waits for its own events to be applied. They are on disk, and the next command goes on. */
const CATCH_UP_MS = 20_000

export async function connect(config: Config, options: { serverOnly?: boolean } = {}): Promise<Client> {
  const org = config.FAIRLEAD_ORG
  if (config.FAIRLEAD_URL !== null) return remote(config.FAIRLEAD_URL, { token: config.FAIRLEAD_TOKEN?.reveal() ?? null, org })
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const server = await runningServer(config.data)
    if (server !== null) return remote(server.url, { token: server.token, org })
    if (options.serverOnly === true) throw noServer(config.data)
    try {
      return await inProcess(config)
    } catch (thrown) {
      // Another command is at it, or a server is just starting: in a moment one or the other can be used.
      if (!(thrown instanceof AppError) || thrown.code !== 'data-directory-in-use' || Date.now() > deadline) throw thrown
      await sleep(100)
    }
  }
}

function noServer(data: string): AppError {
  return new AppError('server-unreachable', `No server runs for the data directory ${data}.`, {
    help: 'Start it with `npx fairlead up`, or set FAIRLEAD_URL.',
  })
}

/** The server that `server.json` names, when it answers. */
export async function runningServer(data: string): Promise<ServerFile | null> {
  let file: ServerFile
  try {
    file = JSON.parse(await readFile(join(data, 'server.json'), 'utf8')) as ServerFile
    process.kill(file.pid, 0)
  } catch (thrown) {
    if (systemCode(thrown) !== 'EPERM') return null
    file = JSON.parse(await readFile(join(data, 'server.json'), 'utf8')) as ServerFile
  }
  try {
    const answer = await fetch(new URL('/v1/metrics', file.url), {
      headers: { authorization: `Bearer ${file.token}` },
      signal: AbortSignal.timeout(5_000),
    })
    await answer.body?.cancel()
    // The number of a dead server may have gone to another process, its port to another program: only our token proves it.
    return answer.ok ? file : null
  } catch {
    return null
  }
}

interface Speaker {
  readonly token: string | null
  /** The slug of another organization than the token's own. */
  readonly org: string | null
}

function remote(url: string, speaker: Speaker): Client {
  return client(
    null,
    async (path, init) => {
      try {
        return await fetch(new URL(path, url), spoken(init, speaker))
      } catch (cause) {
        throw new AppError('server-unreachable', `The server at ${url} does not answer.`, {
          help: 'Is it running? Is FAIRLEAD_URL right?',
          cause,
        })
      }
    },
    async () => {},
  )
}

async function inProcess(config: Config): Promise<Client> {
  const { openFairlead } = await import('../main.ts')
  const log = createLog(config.FAIRLEAD_LOG)
  const fairlead = await openFairlead(config, { log, actor: 'cli', environment: config.environment })
  const { applier, journal, reread } = fairlead.services
  // What an earlier command left in the journal is read before anything is asked, and what this one adds before it ends.
  const catchUp = () => applier.visible(0, journal.stats().head, AbortSignal.timeout(CATCH_UP_MS)).catch(() => null)
  await catchUp()
  return client(
    fairlead,
    async (path, init) => fairlead.app.request(path, spoken(init, { token: fairlead.token.reveal(), org: config.FAIRLEAD_ORG })),
    async () => {
      await catchUp()
      if (reread.isBusy()) note('What is kept is read again …')
      await reread.finish()
      await fairlead.close()
    },
  )
}

function spoken(init: RequestInit | undefined, { token, org }: Speaker): RequestInit {
  const headers = new Headers(init?.headers)
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  if (org !== null) headers.set('fairlead-organization', org)
  return { ...init, headers }
}

function client(
  local: Fairlead | null,
  request: (path: string, init?: RequestInit) => Promise<Response>,
  close: () => Promise<void>,
): Client {
  return {
    local,
    request,
    async json<T>(path: string, init?: RequestInit) {
      const answer = await request(path, init)
      if (!answer.ok) throw await problemOf(answer)
      return (await answer.json()) as T
    },
    async follow<T>(path: string, body: unknown, tick: (done: number, total: number | null, what: string) => void) {
      const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' }
      const answer = await request(path, { method: 'POST', headers, body: JSON.stringify(body) })
      if (!answer.ok || answer.body === null) throw await problemOf(answer)
      for await (const line of linesOf(answer.body)) {
        const said = JSON.parse(line) as ProgressLine<T & object>
        if ('progress' in said) tick(said.progress.done, said.progress.total, said.progress.what)
        else if ('result' in said) return said.result
        else {
          const { code, detail, help } = said.problem
          throw new AppError(isErrorCode(code) ? code : 'internal', detail, help === null ? {} : { help })
        }
      }
      throw new AppError('server-unreachable', 'The server ended in the middle of its answer.', {
        help: 'What was pulled is kept: run the command again.',
      })
    },
    close,
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts.filter((line) => line !== '')
  }
  if (rest !== '') yield rest
}

/** A body of JSON, for `request` and `json`. */
export function posting(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export async function problemOf(answer: Response): Promise<AppError> {
  const body = (await answer.json().catch(() => null)) as {
    code?: string
    detail?: string
    help?: string | null
    errors?: unknown
    count?: number
  } | null
  return new AppError(isErrorCode(body?.code) ? body.code : 'internal', body?.detail ?? `The server answered ${answer.status}.`, {
    ...(body?.help ? { help: body.help } : {}),
    ...(body?.errors === undefined ? {} : { detail: { errors: body.errors, count: body.count } }),
  })
}
