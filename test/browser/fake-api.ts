import { PAGES } from '../../src/api/static-files.ts'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, relative } from 'node:path'
import { inject } from 'vitest'
import { z } from 'zod'
import { sessionReply } from '../../src/api/session-routes.ts'
import { doctorReport } from '../../src/operate/doctor/finding.ts'
import { doraReply, metricReply, sampleReply, type DoraReply, type SampleReply } from '../../src/metric.ts'
import type {
  CatalogueEntry,
  Check,
  Connector,
  Doctor,
  GapReport,
  Preview,
  Problem,
  RawItem,
  Session,
  Source,
  SignInOptions,
  SourceHealth,
  Status,
} from '../../web/src/api/contract.ts'
import { catalogue, doraOf, rawItemOf, samplesOf, session, status } from './fake-figures.ts'
import { doctor } from './fake-doctor.ts'
import { connectors, gapsOf, healthOf, noCheck, preview, pull, sourceReply, sources, sourcesReply } from './fake-sources.ts'

/**
 * The built page and an API with invented figures, for the states that a real server does not show on demand. Each reply goes through
 * the schemas of the server's own contract, so that the two cannot drift apart.
 */
export interface FakeApi {
  url: string
  world: World
  /** `GET /v1/dora?days=7&offset=0`, in the order in which they came. */
  requests: string[]
  /** The bodies of the POSTs, in the order in which they came. */
  posted: { path: string; body: unknown }[]
  close(): Promise<void>
}

/** What the tests change. */
export interface World {
  signedIn: boolean
  signIn: SignInOptions
  session: Session
  status: Status
  doctor: Doctor
  dora: (days: number, offset: number, edition: string) => DoraReply
  raw: (id: string) => RawItem
  sources: Source[]
  mayChange: boolean
  connectors: Connector[]
  health: (source: Source) => SourceHealth
  check: Check
  preview: Preview
  gaps: (days: number, offset: number) => GapReport
  /** Lines of progress that a sync sends; the last is what came of it. It waits where a promise stands. */
  sync: (object | Promise<void>)[]
  /** Calls whose path begins so fail with this problem. */
  failing: { path: string; problem: Problem } | null
  /** Calls whose path begins so are answered only when this has come. */
  holding: { path: string; until: Promise<void> } | null
}

export function ordinaryWorld(): World {
  return {
    signedIn: true,
    signIn: { setup: false, oidc: [], mail: false },
    session,
    status,
    doctor,
    dora: doraOf,
    raw: rawItemOf,
    sources,
    mayChange: true,
    connectors,
    health: healthOf,
    check: noCheck,
    preview,
    gaps: gapsOf,
    sync: [{ progress: { done: 40, total: 160, what: 'commits of acme/api' } }, { result: pull }],
    failing: null,
    holding: null,
  }
}

export const TOKEN = 'flt_valid'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const statusReply: z.ZodType<Status> = z.strictObject({
  version: z.string(),
  organization: z.strictObject({ slug: z.string(), name: z.string(), time_zone: z.string() }),
  demo: z.boolean(),
  events: z.number().int(),
  services: z.array(z.string()),
  environments: z.array(z.string()),
  sources: z.array(
    z.strictObject({
      name: z.string(),
      connector: z.string(),
      last_at: z.iso.datetime().nullable(),
      items: z.number().int(),
      unread: z.number().int(),
    }),
  ),
  lag_seconds: z.number(),
})
const catalogueReply: z.ZodType<{ items: CatalogueEntry[]; next: string | null }> = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      question: z.string(),
      definition: z.string(),
      unit: metricReply.shape.unit,
      better: metricReply.shape.better,
      bases: z.array(z.string()),
      variants: z.array(z.strictObject({ id: z.string(), title: z.string() })),
      caveats: z.array(z.string()),
      levels: z.boolean(),
    }),
  ),
  next: z.string().nullable(),
})
const samplesReply = z.strictObject({ items: z.array(sampleReply), next: z.string().nullable() })
const rawReply: z.ZodType<RawItem> = z.strictObject({
  id: z.string(),
  seq: z.number().int(),
  source: z.string(),
  connector: z.string(),
  stream: z.string(),
  external_id: z.string(),
  at: z.iso.datetime({ precision: 3 }).nullable(),
  received_at: z.iso.datetime({ precision: 3 }),
  digest: z.string(),
  payload: z.string(),
  encoding: z.enum(['utf8', 'base64']),
  problem: z.string().nullable(),
})

export async function fakeApi(): Promise<FakeApi> {
  const api: FakeApi = { url: '', world: ordinaryWorld(), requests: [], posted: [], close: async () => {} }
  const files = await builtFiles()
  const server = createServer((request, response) => {
    answer(api, files, request, response).catch((error: unknown) => {
      // A reply that breaks the contract must fail the test that asked for it, visibly.
      send(response, 500, problem(500, 'fake-api', String(error)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  api.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return api
}

async function answer(api: FakeApi, files: Files, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake')
  if (!url.pathname.startsWith('/v1/')) return sendFile(files, url.pathname, request.headers.accept ?? '', response)
  api.requests.push(`${request.method} ${url.pathname}${url.search}`)
  const { world } = api
  if (world.holding !== null && url.pathname.startsWith(world.holding.path)) await world.holding.until
  if (world.failing !== null && url.pathname.startsWith(world.failing.path)) {
    return send(response, world.failing.problem.status, world.failing.problem)
  }
  if (request.method === 'POST') {
    const text = await body(request)
    if (text !== '') api.posted.push({ path: url.pathname, body: JSON.parse(text) as unknown })
    if (url.pathname.startsWith('/v1/sources') || url.pathname === '/v1/names') return answerChange(world, url.pathname, text, response)
    return answerPost(world, url.pathname, text, response)
  }
  if (url.pathname === '/v1/signin/options') return send(response, 200, world.signIn)
  if (url.pathname.startsWith('/v1/invitations/'))
    return send(response, 200, { email: 'ada@example.com', organization: 'Acme', role: 'member', has_account: false })
  if (!world.signedIn) return send(response, 401, problem(401, 'unauthenticated', 'This call needs a token or a session.'))
  return answerGet(world, url, response)
}

function answerGet(world: World, url: URL, response: ServerResponse): void {
  const days = Number(url.searchParams.get('days') ?? 7)
  const offset = Number(url.searchParams.get('offset') ?? 0)
  const dora = () => world.dora(days, offset, url.searchParams.get('edition') ?? '2024')
  const [, , kind, id, part] = url.pathname.split('/')
  if (kind === 'status') return send(response, 200, statusReply.parse(world.status))
  if (kind === 'session') return send(response, 200, sessionReply.parse(world.session))
  if (kind === 'doctor') return send(response, 200, doctorReport.parse(world.doctor))
  if (kind === 'dora') return send(response, 200, doraReply.parse(dora()))
  if (kind === 'metrics' && id === undefined) return send(response, 200, catalogueReply.parse({ items: catalogue, next: null }))
  if (kind === 'metrics' && id !== undefined && part === 'samples') return send(response, 200, samplesReply.parse(samplesPage(id, url)))
  const metric = kind === 'metrics' && id !== undefined ? dora().metrics[id] : undefined
  if (metric !== undefined) return send(response, 200, metricReply.parse(metric))
  if (kind === 'connectors') return send(response, 200, { items: world.connectors, next: null })
  if (kind === 'sources' && id === undefined)
    return send(response, 200, sourcesReply.parse({ items: world.sources, next: null, may_change: world.mayChange }))
  const source = world.sources.find(({ name }) => name === url.searchParams.get('name'))
  if (kind === 'sources' && id === 'health' && source !== undefined) return send(response, 200, world.health(source))
  if (kind === 'gaps') return send(response, 200, world.gaps(Number(url.searchParams.get('days') ?? 28), offset))
  if (kind === 'raw' && id !== undefined) return send(response, 200, rawReply.parse(world.raw(id)))
  return send(response, 404, problem(404, 'not-found', `There is nothing at ${url.pathname}.`))
}

function samplesPage(id: string, url: URL): { items: SampleReply[]; next: string | null } {
  const wanted = url.searchParams.get('status')
  const rows = samplesOf(id).filter(({ status }) => wanted === null || status === wanted)
  const limit = Number(url.searchParams.get('limit') ?? 50)
  const start = Number(url.searchParams.get('after') ?? 0)
  const end = start + limit
  return { items: rows.slice(start, end), next: end < rows.length ? String(end) : null }
}

function answerPost(world: World, path: string, text: string, response: ServerResponse): void {
  if (path === '/v1/session') {
    const { token } = z.object({ token: z.string() }).parse(JSON.parse(text))
    if (token !== TOKEN) {
      const help = 'Make a new one with `fairlead admin tokens create`.'
      return send(response, 401, { ...problem(401, 'unauthenticated', 'This token is not known or has expired.'), help })
    }
    world.signedIn = true
    return sendNothing(response)
  }
  if (path === '/v1/session/organization') return sendNothing(response)
  if (path === '/v1/password/forgot') return send(response, 202, { asked: true })
  if (path === '/v1/session/end') {
    world.signedIn = false
    return sendNothing(response)
  }
  return send(response, 404, problem(404, 'not-found', `There is nothing at ${path}.`))
}

/** What changes sources: only who may change them is answered. */
async function answerChange(world: World, path: string, text: string, response: ServerResponse): Promise<void> {
  if (!world.mayChange) return send(response, 403, problem(403, 'forbidden', 'This token may not do that.'))
  const asked = z.looseObject({ name: z.string() }).parse(JSON.parse(text))
  if (path === '/v1/sources') {
    const given = z.object({ connector: z.string(), config: z.record(z.string(), z.unknown()), every_minutes: z.number().nullable() })
    const { connector, config, every_minutes } = given.parse(asked)
    const kind = world.connectors.find(({ id }) => id === connector)
    const isSecret = (name: string) => kind?.fields.find((field) => field.name === name)?.secret === true
    const saved: Source = {
      ...(sources[1] as Source),
      name: asked.name,
      connector,
      title: kind?.title ?? connector,
      state: 'waiting',
      config: Object.fromEntries(Object.entries(config).filter(([name]) => !isSecret(name))),
      secrets: Object.keys(config).filter(isSecret),
      every_minutes,
      hook_path: kind?.hook === null ? null : `/hooks/${encodeURIComponent(asked.name)}`,
    }
    world.sources = [...world.sources.filter(({ name }) => name !== asked.name), saved]
    return send(response, 200, sourceReply.parse(saved))
  }
  if (path === '/v1/sources/check') return send(response, 200, world.check)
  if (path === '/v1/sources/preview') return send(response, 200, world.preview)
  if (path === '/v1/sources/sync' || path === '/v1/sources/replay') {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    for (const line of world.sync) {
      if (line instanceof Promise) await line
      else response.write(`${JSON.stringify(line)}\n`)
    }
    response.end()
    return
  }
  if (path === '/v1/sources/remove') {
    world.sources = world.sources.filter(({ name }) => name !== asked.name)
    return send(response, 200, { removed: asked.name })
  }
  if (path === '/v1/names') return send(response, 200, { changed: true })
  return send(response, 404, problem(404, 'not-found', `There is nothing at ${path}.`))
}

type Files = Map<string, Buffer>

/** Read once, as the real server does. */
async function builtFiles(): Promise<Files> {
  const built = join(inject('program'), 'dist', 'web')
  const entries = await readdir(built, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(paths.map(async (path) => [`/${relative(built, path)}`, await readFile(path)] as const)))
}

/** As the real server does: a browser that asks for a page which does not exist gets the page's own "not found". */
function sendFile(files: Files, path: string, accept: string, response: ServerResponse): void {
  const asked = path === '/' ? '/index.html' : path
  const file = files.has(asked) || !accept.includes('text/html') ? asked : '/index.html'
  const isPage = PAGES.has(path)
  const content = files.get(file)
  if (content === undefined) return send(response, 404, problem(404, 'not-found', `There is nothing at ${path}.`))
  response.writeHead(file === asked || isPage ? 200 : 404, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    ...headers,
  })
  response.end(content)
}

/** As strict as the real server's. */
const headers = { 'content-security-policy': "default-src 'self'", 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }

function send(response: ServerResponse, status: number, value: unknown): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}

function sendNothing(response: ServerResponse): void {
  response.writeHead(204).end()
}

export function problem(code: number, name: string, detail: string): Problem {
  return { type: 'about:blank', title: 'Refused', status: code, code: name, detail, help: null }
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
