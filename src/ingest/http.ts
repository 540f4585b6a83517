import { setTimeout as sleepFor } from 'node:timers/promises'
import { request, type Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { Answer, Api, Http, RequestOptions } from '../connector.ts'
import { AppError, systemCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { requireAllowed, type AddressRules } from './http-address.ts'
import { budgetOf, isLimited, isSpent, waitOf, type Budget } from './http-limits.ts'

/** One question and its answer, as `record` keeps them and a fixture holds them. */
export interface Exchange {
  readonly request: { readonly method: string; readonly url: string; readonly body?: unknown }
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }
}

export interface HttpParts {
  readonly api: Api
  readonly dispatcher: Dispatcher
  readonly rules: AddressRules
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  /** Told while it waits, so that somebody who looks on knows why nothing moves. */
  onWait?(ms: number, reason: string): void
  onBudget?(budget: Budget): void
  onExchange?(exchange: Exchange): void
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>
  /** Where a person waits for the answer: two tries more, and no wait beyond half a minute. */
  readonly isHasty?: boolean
}

/** Tries of a request that was dropped, cut off or answered with 5xx: about 30 s in all. */
const TRIES = 7
const FIRST_DELAY_MS = 500
const MOST_DELAY_MS = 15_000
const HASTY = { tries: 3, mostWaitMs: 30_000 }
/** Waits for a rate limit, of one request. GitHub's hour is the longest that is common. */
const LIMITED_TRIES = 8
const MOST_WAIT_MS = 65 * 60_000
const REDIRECTS = 5
const MAX_BYTES = 64 * 1024 * 1024
const KEPT_HEADERS = [
  'link',
  'x-next-page',
  'x-total',
  'x-total-pages',
  'x-oauth-scopes',
  'x-accepted-github-permissions',
  'content-type',
  'x-jenkins',
]

interface Question {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly body?: unknown
  readonly options: RequestOptions
}

/** What becomes of an answer: it is one, or it is asked again. */
type Judgement = 'answer' | { readonly again: 'broken' | 'limited'; readonly reason: string; readonly waitMs?: number | null }

/** The client behind `ask.http`; its promise is in src/connector.ts. */
export function createHttp(parts: HttpParts): Http {
  const { api, dispatcher, rules, signal, clock, log } = parts
  const base = baseOf(api.base)
  const sleep = parts.sleep ?? ((ms: number, until: AbortSignal) => sleepFor(ms, undefined, { signal: until }))
  const { tries, mostWaitMs } = parts.isHasty === true ? HASTY : { tries: TRIES, mostWaitMs: MOST_WAIT_MS }
  // GitHub counts its two kinds of questions apart.
  const budgets = new Map<'rest' | 'graphql', Budget>()
  let granted: { headers: Readonly<Record<string, string>>; endsAt: number } | null = null

  const wait = async (ms: number, reason: string): Promise<void> => {
    if (ms > mostWaitMs)
      throw new AppError(
        'source-limited',
        `${base.host} asks to wait ${ms > 90_000 ? `${Math.ceil(ms / 60_000)} minutes` : `${Math.ceil(ms / 1000)} seconds`}: ${reason}.`,
        {
          help: 'What was pulled is kept; the next sync goes on from there.',
        },
      )
    if (ms > 2_000) {
      log.info('http.waiting', { host: base.host, ms: Math.round(ms), reason })
      parts.onWait?.(ms, reason)
    }
    await sleep(ms, signal)
  }

  const credentials = async (): Promise<Readonly<Record<string, string>>> => {
    if (api.authorize === undefined) return {}
    if (granted === null || granted.endsAt - 60_000 < clock.now()) {
      const { headers, expires_at } = await api.authorize(plain, clock.now())
      granted = { headers, endsAt: Date.parse(expires_at) }
    }
    return granted.headers
  }

  const send = async (question: Question, extra: Readonly<Record<string, string>>): Promise<Answer> => {
    let url = question.url
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      requireAllowed(rules, url)
      // A credential goes to the host that it was given for, and to no other.
      const own = url.origin === base.origin ? { ...api.headers, ...extra } : {}
      const answer = await request(url, {
        method: question.method,
        dispatcher,
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'fairlead',
          ...(question.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...own,
          ...question.options.headers,
        },
        body: question.body === undefined ? null : JSON.stringify(question.body),
      })
      const headers = headersOf(answer.headers)
      const location = headers.get('location')
      if (
        answer.statusCode >= 301 &&
        answer.statusCode <= 308 &&
        answer.statusCode !== 304 &&
        location !== null &&
        question.method === 'GET'
      ) {
        await answer.body.dump()
        url = new URL(location, url)
        continue
      }
      const bytes = await readAll(answer.body)
      return { status: answer.statusCode, headers, body: parsed(bytes, answer.statusCode), url: url.href }
    }
    throw new AppError('source-failed', `${question.url.host} redirects in a circle.`, { help: 'Check the address of the source.' })
  }

  const judge = (question: Question, answer: Answer): Judgement => {
    const { status, headers, body } = answer
    // Before what is allowed: GitHub refuses with 403 both what may not be read and what is asked too often.
    if (isLimited(status, headers, body))
      return { again: 'limited', reason: 'its rate limit is used up', waitMs: waitOf(headers, clock.now()) }
    if (question.options.allow?.includes(status)) return 'answer'
    if (status >= 500 || status === 408 || status === 425)
      return { again: 'broken', reason: `it answered ${status}`, waitMs: waitOf(headers, clock.now()) }
    if (status >= 200 && status < 300 && body instanceof Unreadable) return { again: 'broken', reason: 'its answer is no whole JSON' }
    return 'answer'
  }

  const exchange = async (question: Question, withCredentials: boolean, extraJudge?: (answer: Answer) => Judgement): Promise<Answer> => {
    const kind = extraJudge === undefined ? 'rest' : 'graphql'
    let limited = 0
    let renewed = false
    for (let attempt = 1; ;) {
      signal.throwIfAborted()
      const left = budgets.get(kind)
      if (left !== undefined && isSpent(left) && left.resetAt > clock.now())
        await wait(left.resetAt - clock.now(), `${left.remaining} of ${left.limit} requests are left`)
      let answer: Answer | null = null
      let judgement: Judgement
      try {
        answer = await send(question, withCredentials ? await credentials() : {})
        const budget = budgetOf(answer.headers, clock.now())
        if (budget !== null) {
          budgets.set(kind, budget)
          parts.onBudget?.(budget)
        }
        judgement = judge(question, answer)
        if (judgement === 'answer' && extraJudge !== undefined && answer.status < 300) judgement = extraJudge(answer)
      } catch (thrown) {
        if (signal.aborted || thrown instanceof AppError) throw thrown
        const refused = addressError(thrown)
        if (refused !== null) throw refused
        judgement = { again: 'broken', reason: reasonOf(thrown) }
      }
      if (judgement === 'answer' && answer !== null) {
        if (answer.status === 401 && withCredentials && api.authorize !== undefined && !renewed) {
          renewed = true
          granted = null
          continue
        }
        return accepted(question, answer)
      }
      if (judgement === 'answer') throw new AppError('internal', 'An answer was judged that did not come.')
      if (judgement.again === 'limited') {
        if (++limited > LIMITED_TRIES)
          throw new AppError('source-limited', `${base.host} goes on refusing: ${judgement.reason}.`, {
            help: 'What was pulled is kept; the next sync goes on from there.',
          })
        await wait(judgement.waitMs ?? Math.min(60_000 * 2 ** (limited - 1), MOST_WAIT_MS), judgement.reason)
        continue
      }
      if (++attempt > tries)
        throw new AppError('source-failed', `${base.host} cannot be asked: ${judgement.reason}.`, {
          help: 'What was pulled is kept; the next sync goes on from there. Check the address, the network, and the state of the tool.',
        })
      const backOff = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 2), MOST_DELAY_MS)
      await wait(Math.max(judgement.waitMs ?? 0, backOff * (0.75 + Math.random() / 2)), judgement.reason)
    }
  }

  const accepted = (question: Question, answer: Answer): Answer => {
    const { status, body } = answer
    parts.onExchange?.({
      request: {
        method: question.method,
        url: relativeTo(base, question.url),
        ...(question.body === undefined ? {} : { body: question.body }),
      },
      response: {
        status,
        headers: Object.fromEntries(
          KEPT_HEADERS.flatMap((name) => (answer.headers.has(name) ? [[name, answer.headers.get(name) as string]] : [])),
        ),
        body: body instanceof Unreadable ? body.text : body,
      },
    })
    if ((status >= 200 && status < 300) || question.options.allow?.includes(status))
      return { ...answer, body: body instanceof Unreadable ? body.text : body }
    throw refusal(base, question.url, status, body)
  }

  const question = (method: Question['method'], path: string, options: RequestOptions, body?: unknown): Question => {
    const url = /^https?:\/\//i.test(path) ? new URL(path) : new URL(`${api.base.replace(/\/+$/, '')}${path}`)
    if (url.origin !== base.origin)
      throw new AppError('source-failed', `${base.host} names ${url.host} as the place to go on, which is another host.`, {
        help: 'Is the address of the source the one that the tool has for itself?',
      })
    for (const [name, value] of Object.entries(options.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value))
    return { method, url, options, ...(body === undefined ? {} : { body }) }
  }

  const client = (withCredentials: boolean): Http => ({
    get: async (path, options = {}) => exchange(question('GET', path, options), withCredentials),
    post: async (path, body, options = {}) => exchange(question('POST', path, options, body), withCredentials),
    async graphql(path, query, variables) {
      const asked = question('POST', path, {}, { query, variables })
      const { body } = await exchange(asked, withCredentials, judgeGraphql)
      const { data, errors } = body as GraphqlBody
      const serious = (errors ?? []).filter((one) => one.type !== 'NOT_FOUND')
      if (serious.length > 0 || data === null || data === undefined)
        throw new AppError('source-refused', `${base.host} refuses a query: ${clip(serious[0]?.message ?? 'no data')}.`, {
          help: 'The credential may lack a permission: `fairlead sources check` names it.',
        })
      return data
    },
  })
  const plain = client(false)
  return client(true)
}

interface GraphqlBody {
  readonly data?: unknown
  readonly errors?: readonly { readonly type?: string; readonly message?: string }[]
}

/** GraphQL says 200 for everything: its own limit and its own failures stand in the body. */
function judgeGraphql({ body }: Answer): Judgement {
  const errors = (body as GraphqlBody | null)?.errors ?? []
  if (errors.some((one) => one.type === 'RATE_LIMITED')) return { again: 'limited', reason: 'its rate limit is used up' }
  if (errors.some((one) => /something went wrong|timed? ?out|internal/i.test(one.message ?? '') && one.type !== 'NOT_FOUND'))
    return { again: 'broken', reason: clip(errors[0]?.message ?? 'its query failed') }
  return 'answer'
}

/** A body that should have been JSON and is not. */
class Unreadable {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Nothing at all is an answer only where the status says so. */
function parsed(bytes: Buffer, status: number): unknown {
  const text = bytes.toString('utf8')
  if (text === '' && status === 204) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return new Unreadable(text)
  }
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > MAX_BYTES)
      throw new AppError('source-refused', `An answer is larger than ${MAX_BYTES} bytes.`, { help: 'Pull a shorter range.' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function headersOf(given: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(given)) {
    for (const one of Array.isArray(value) ? value : value === undefined ? [] : [value]) headers.append(name, one)
  }
  return headers
}

function baseOf(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new AppError('invalid-input', `${JSON.stringify(text)} is no address.`, {
      help: 'Write it whole, such as https://git.example.org.',
      cause,
    })
  }
}

function relativeTo(base: URL, url: URL): string {
  const path = url.pathname + url.search
  const prefix = base.pathname.replace(/\/+$/, '')
  return path.startsWith(prefix) ? path.slice(prefix.length) : path
}

function refusal(base: URL, url: URL, status: number, body: unknown): AppError {
  const said =
    typeof body === 'object' && body !== null
      ? ((body as { message?: unknown; error?: unknown }).message ?? (body as { error?: unknown }).error)
      : null
  const words = typeof said === 'string' && said !== '' ? ` (${clip(said)})` : ''
  if (status === 401)
    return new AppError('source-denied', `${base.host} does not know the credential${words}.`, {
      help: 'It may have expired: give the source a new one.',
      detail: { status },
    })
  if (status === 403)
    return new AppError('source-denied', `The credential may not read ${url.pathname} of ${base.host}${words}.`, {
      help: '`fairlead sources check` names the missing permission.',
      detail: { status },
    })
  return new AppError('source-refused', `${base.host} answered ${status} to ${url.pathname}${words}.`, {
    help: status === 404 ? 'Is the name right, and may the credential see it?' : 'Check the settings of the source.',
    detail: { status },
  })
}

/** Text of a tool, short and on one line, for a sentence of ours. */
function clip(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
  return line.length > 160 ? `${line.slice(0, 160)}…` : line
}

function addressError(thrown: unknown): AppError | null {
  for (let one: unknown = thrown, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth++)
    if (one instanceof AppError) return one
  return null
}

function reasonOf(thrown: unknown): string {
  const code = systemCode(thrown)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known'
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return 'it does not answer in time'
  if (code !== null && /CERT|SELF_SIGNED|ALTNAME/.test(code))
    return `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS names a certificate authority of your own`
  return `the connection broke (${code ?? (thrown instanceof Error ? clip(thrown.message) : 'unknown')})`
}
