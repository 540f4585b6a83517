import { expect, test } from 'vitest'
import type { Answer, Ask, Page } from '../src/connector.ts'
import { askWith } from '../src/ingest/ask.ts'
import { silentLog } from '../src/log.ts'
import jenkins from './jenkins.ts'

/** A Jenkins with one pipeline, whose builds a test changes between two pulls. */
class Server {
  builds: { number: number; building: boolean; timestamp: number }[] = []
  first = 1
  asked: string[] = []
  /** Done after each answer: what happens while a pull runs. */
  meanwhile: (() => void) | null = null

  add(count: number, building = false): void {
    for (let index = 0; index < count; index++) {
      const number = (this.builds[0]?.number ?? 0) + 1
      this.builds.unshift({ number, building, timestamp: Date.UTC(2026, 0, 1) + number * 60_000 })
    }
  }

  end(number: number): void {
    for (const one of this.builds) if (one.number === number) one.building = false
  }

  async get(path: string, options: { query?: Readonly<Record<string, unknown>> } = {}): Promise<Answer> {
    const tree = String(options.query?.['tree'] ?? '')
    const range = /\{(\d+),(\d+)\}$/.exec(tree)
    this.asked.push(`${path}${range?.[0] ?? ''}`)
    const answer = (status: number, body: unknown): Answer => ({ status, headers: new Headers(), body: structuredClone(body), url: path })
    const tell = (one: Server['builds'][number]) => ({
      _class: 'org.jenkinsci.plugins.workflow.job.WorkflowRun',
      ...one,
      result: one.building ? null : 'SUCCESS',
      duration: one.building ? 0 : 30_000,
      actions: [],
    })
    const found = this.answer(path, range, tell)
    this.meanwhile?.()
    return found === null ? answer(404, null) : answer(200, found)
  }

  private answer(path: string, range: RegExpExecArray | null, tell: (one: Server['builds'][number]) => unknown): unknown {
    if (path === '/api/json')
      return { jobs: [{ fullName: 'tool', color: 'blue', lastBuild: this.builds[0] ? { number: this.builds[0].number } : null }] }
    if (path === '/job/tool/api/json')
      return {
        firstBuild: { number: this.builds.at(-1)?.number },
        allBuilds: this.builds.slice(Number(range?.[1]), Number(range?.[2])).map((one) => tell(one)),
      }
    const number = Number(/^\/job\/tool\/(\d+)\/api\/json$/.exec(path)?.[1])
    const one = this.builds.find((two) => two.number === number)
    return one === undefined ? null : tell(one)
  }
}

const config = jenkins.config.parse({ url: 'https://jenkins.example.org', user: 'fairlead', token: 'test-token' })

function askOf(server: Server, cursor: string | null, range: { since?: string; until?: string } = {}): Ask<unknown> {
  const refused = () => Promise.reject(new Error('not asked for'))
  const http = { get: server.get.bind(server), post: refused, graphql: refused }
  const signal = new AbortController().signal
  return askWith({ config, cursor, http, git: async function* () {}, signal, log: silentLog, ...range })
}

async function pull(server: Server, cursor: string | null, pages = Infinity, range = {}) {
  server.asked = []
  const given: Page[] = []
  for await (const page of jenkins.streams['builds']?.pull?.(askOf(server, cursor, range) as never) ?? []) {
    given.push(page)
    if (given.length === pages) break
  }
  const items = given.flatMap((page) => page.items)
  return { cursor: given.at(-1)?.cursor ?? null, numbers: items.map(({ id }) => Number(id.split('#')[1])), items, pages: given.length }
}

test('only what is new is asked for, and nothing where nothing is new', async () => {
  const server = new Server()
  server.add(250)
  const first = await pull(server, null)
  expect(new Set(first.numbers).size).toBe(250)
  expect(first.pages).toBe(3)
  expect(await pull(server, first.cursor)).toMatchObject({ numbers: [] })
  expect(server.asked).toEqual(['/api/json'])
  server.add(2)
  expect((await pull(server, first.cursor)).numbers).toEqual([252, 251])
  expect(server.asked).toEqual(['/api/json', '/job/tool/api/json{0,100}'])
})

test('a build that runs is asked for again until it has ended, and the cursor does not pass it', async () => {
  const server = new Server()
  server.add(1)
  server.add(1, true)
  server.add(1)
  let { cursor, items } = await pull(server, null)
  const rows = (item: Page['items'][number]) =>
    jenkins.streams['builds']?.rows(
      jenkins.streams['builds'].payload.parse(JSON.parse(Buffer.from(item.payload).toString())) as never,
      { ...item, received_at: '2026-02-01T00:00:00.000Z' },
      config,
    ).builds?.[0]?.outcome
  expect(items.map((item) => [item.id, rows(item)])).toEqual([
    ['tool#3', 'success'],
    ['tool#2', 'running'],
    ['tool#1', 'success'],
  ])
  ;({ cursor, items } = await pull(server, cursor))
  expect(items.map(({ id }) => id)).toEqual(['tool#2'])
  server.end(2)
  server.add(1)
  ;({ cursor, items } = await pull(server, cursor))
  expect(items.map((item) => [item.id, rows(item)])).toEqual([
    ['tool#2', 'success'],
    ['tool#4', 'success'],
  ])
  expect((await pull(server, cursor)).numbers).toEqual([])
})

test('builds that begin while it pages move none past it, stopped and resumed at any page', async () => {
  for (const stop of [1, 2, 3, Infinity]) {
    const server = new Server()
    server.add(230)
    server.meanwhile = () => server.add(3)
    const first = await pull(server, null, stop)
    const second = await pull(server, first.cursor)
    server.meanwhile = null
    const third = await pull(server, second.cursor)
    const seen = new Set([...first.numbers, ...second.numbers, ...third.numbers])
    expect(seen.size, `stopped after ${stop}`).toBe(server.builds.length)
  }
})

test('a job that was made anew is read from its first build on; a build that was discarded while it ran is let go', async () => {
  const server = new Server()
  server.add(5)
  server.add(1, true)
  const { cursor } = await pull(server, null)
  server.builds.shift()
  server.add(1)
  server.builds = server.builds.map((one, index) => (index === 0 ? { ...one, number: 7 } : one))
  const after = await pull(server, cursor)
  expect(after.numbers).toEqual([7])
  server.builds = []
  server.add(2)
  expect((await pull(server, after.cursor)).numbers).toEqual([2, 1])
})

test('a range by hand gives what began in it, and leaves what lies behind it for later', async () => {
  const server = new Server()
  server.add(300)
  const at = (number: number) => new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString()
  const ranged = await pull(server, null, Infinity, { since: at(120), until: at(130) })
  expect(ranged.numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, index) => 120 + index))
  expect((await pull(server, ranged.cursor)).numbers.length).toBe(300)
})
