import { expect, test } from 'vitest'
import type { Answer, Ask, Page, Pulled } from '../src/connector.ts'
import { askWith } from '../src/ingest/ask.ts'
import { silentLog } from '../src/log.ts'
import argocd from './argocd.ts'

const SHA = { one: '1'.repeat(40), two: '2'.repeat(40) }
const at = (hour: number, minute = 0) => `2026-01-15T${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00Z`

interface Application {
  name: string
  health?: { status: string; lastTransitionTime?: string }
  operation?: { startedAt: string; finishedAt?: string; phase: string; sync?: object }
  history: { id: number; revision: string; deployStartedAt: string; deployedAt: string }[]
  images?: string[]
  isGone?: boolean
}

/** An Argo CD whose applications a test changes between two pulls. */
class Server {
  applications: Application[] = []
  asked: string[] = []

  async get(path: string): Promise<Answer> {
    this.asked.push(path)
    const answer = (status: number, body: unknown): Answer => ({ status, headers: new Headers(), body: structuredClone(body), url: path })
    const tell = ({ name, health, operation, history, images }: Application) => ({
      metadata: { name, namespace: 'argocd', labels: null, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
      spec: { project: 'web', destination: { namespace: name } },
      status: {
        health,
        history,
        summary: { images },
        operationState: operation && {
          ...operation,
          operation: { sync: { manifests: ['kind: Secret'], ...operation.sync } },
          syncResult: {
            revision: SHA.two,
            source: { repoURL: 'https://git.example.org/acme/gitops', helm: { values: 'password: hunter2' } },
          },
        },
      },
    })
    if (path === '/api/v1/applications') return answer(200, { items: this.applications.map(tell) })
    const one = this.applications.find(({ name, isGone }) => path === `/api/v1/applications/${name}` && isGone !== true)
    return one === undefined ? answer(403, { error: 'permission denied' }) : answer(200, tell(one))
  }
}

const config = argocd.config.parse({ url: 'https://argocd.example.org', token: 'test-token', health_incidents: true })

async function pull(server: Server, stream: string, cursor: string | null, begun: string, pages = Infinity) {
  const refused = () => Promise.reject(new Error('not asked for'))
  const http = { get: server.get.bind(server), post: refused, graphql: refused }
  const signal = new AbortController().signal
  const ask: Ask<unknown> = askWith({ config, cursor, begun, http, git: async function* () {}, signal, log: silentLog })
  server.asked = []
  const given: Page[] = []
  for await (const page of argocd.streams[stream]?.pull?.(ask as never) ?? []) {
    given.push(page)
    if (given.length === pages) break
  }
  return { cursor: given.at(-1)?.cursor ?? null, items: given.flatMap((page) => page.items), pages: given.length }
}

function rowsOf(stream: string, item: Pulled) {
  const declared = argocd.streams[stream]
  if (declared === undefined) throw new Error(`no stream ${stream}`)
  const payload = declared.payload.parse(JSON.parse(Buffer.from(item.payload).toString()))
  return declared.rows(payload as never, { ...item, received_at: '2026-02-01T00:00:00.000Z' }, config)
}

test('a sync is one item while it runs, when it has ended, and as an entry of the history, which never takes the place of what knows more', async () => {
  const server = new Server()
  const shop: Application = { name: 'shop-prod', operation: { startedAt: at(9), phase: 'Running' }, history: [] }
  server.applications = [shop]
  const running = await pull(server, 'syncs', null, at(9, 1))
  shop.operation = { startedAt: at(9), finishedAt: at(9, 2), phase: 'Succeeded' }
  shop.history = [{ id: 0, revision: SHA.two, deployStartedAt: at(9), deployedAt: at(9, 2) }]
  shop.images = ['registry.example.org/acme/shop:4f2a9c1']
  const ended = await pull(server, 'syncs', running.cursor, at(9, 5))
  shop.operation = { startedAt: at(9, 6), phase: 'Running' }
  const past = await pull(server, 'syncs', ended.cursor, at(9, 7))
  const items = [...running.items, ...ended.items, ...past.items].filter(({ id }) => id === 'web/shop-prod@2026-01-15T09:00:00.000Z')
  expect(
    items.map((item) => [item.at, rowsOf('syncs', item).deployments?.[0]?.outcome, rowsOf('syncs', item).deployments?.[0]?.revision]),
  ).toEqual([
    ['2026-01-15T09:00:00.000Z', 'running', null],
    ['2026-01-15T09:02:00.000Z', 'success', '4f2a9c1'],
    ['2026-01-15T09:01:59.999Z', 'success', null],
  ])
  const kept = Buffer.concat(items.map(({ payload }) => payload)).toString()
  for (const word of ['hunter2', 'Secret', 'last-applied']) expect(kept).not.toContain(word)
})

test('applications that did not change are not asked for; one that is gone is none', async () => {
  const server = new Server()
  const application = (name: string, hour: number, more = {}): Application => ({
    name,
    operation: { startedAt: at(hour), finishedAt: at(hour, 1), phase: 'Succeeded' },
    history: [],
    ...more,
  })
  server.applications = [application('a', 7), application('b', 8), application('c', 8, { isGone: true }), { name: 'd', history: [] }]
  const first = await pull(server, 'syncs', null, at(9))
  expect(first.items.map(({ id }) => id)).toEqual(['web/a@2026-01-15T07:00:00.000Z', 'web/b@2026-01-15T08:00:00.000Z'])
  server.applications[1] = application('b', 9)
  const second = await pull(server, 'syncs', first.cursor, at(10))
  expect(second.items.map(({ id }) => id)).toEqual(['web/b@2026-01-15T09:00:00.000Z'])
  expect(server.asked).toEqual(['/api/v1/applications', '/api/v1/applications/b'])
})

test('of many applications none is passed over, though some come and go between two pages', async () => {
  const server = new Server()
  const application = (index: number): Application => ({
    name: `app-${String(index).padStart(3, '0')}`,
    operation: { startedAt: at(8), finishedAt: at(8, 1), phase: 'Succeeded' },
    history: [],
  })
  server.applications = Array.from({ length: 60 }, (_, index) => application(index))
  const first = await pull(server, 'syncs', null, at(9), 1)
  server.applications.splice(0, 10)
  const rest = await pull(server, 'syncs', first.cursor, at(9))
  expect(new Set([...first.items, ...rest.items].map(({ id }) => id)).size).toBe(60)
  expect([first.pages, rest.pages]).toEqual([1, 2])
})

test('health is an incident from the first degraded to the next healthy, and is told once', async () => {
  const server = new Server()
  const shop: Application = { name: 'shop-prod', health: { status: 'Degraded', lastTransitionTime: at(9) }, history: [] }
  server.applications = [shop, { name: 'old', health: { status: 'Degraded' }, history: [] }]
  const states = (items: readonly Pulled[]) =>
    items.flatMap((item) => (rowsOf('health', item).incident_states ?? []).map(({ id, state, at }) => [id, state, at]))
  const id = 'health:web/shop-prod@2026-01-15T09:00:00.000Z'
  const opened = await pull(server, 'health', null, at(9, 5))
  expect(states(opened.items)).toEqual([[id, 'opened', '2026-01-15T09:00:00.000Z']])
  expect((await pull(server, 'health', opened.cursor, at(9, 10))).items).toEqual([])
  shop.health = { status: 'Progressing', lastTransitionTime: at(9, 11) }
  const between = await pull(server, 'health', opened.cursor, at(9, 12))
  expect(between.items).toEqual([])
  shop.health = { status: 'Healthy', lastTransitionTime: at(9, 14) }
  const closed = await pull(server, 'health', between.cursor, at(9, 15))
  expect(states(closed.items)).toEqual([
    [id, 'opened', '2026-01-15T09:00:00.000Z'],
    [id, 'closed', '2026-01-15T09:14:00.000Z'],
  ])
  expect((await pull(server, 'health', closed.cursor, at(9, 20))).items).toEqual([])
})
