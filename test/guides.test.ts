import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import type { Ask, Connector, Git, Pulled } from '../src/connector.ts'
import { applyBatch } from '../src/ingest/apply.ts'
import { askWith } from '../src/ingest/ask.ts'
import { silentLog } from '../src/log.ts'
import { createDeriver } from '../src/measure/derive.ts'
import { measure, samples, type Asked } from '../src/measure/measure.ts'
import { windowOf } from '../src/measure/window.ts'
import { populationColumns, type Metric, type MetricReply } from '../src/metric.ts'
import { loadRegistry, type Registry } from '../src/registry.ts'
import { blocksOf, commandsOf, readDocument, ROOT } from './documents.ts'
import { plainEnvironment } from './server.ts'
import { openWorld, type World } from './world.ts'

/** Follows the guides literally: their files go into a copy of the plugin folders, and what they promise is asked of the real engine. */
const CONNECTOR_GUIDE = 'docs/guides/add-a-connector.md'
const METRIC_GUIDE = 'docs/guides/add-a-metric.md'
/** The suites that the guides tell to run. */
const SUITES = [CONNECTOR_GUIDE, METRIC_GUIDE]
  .flatMap(commandsOf)
  .flatMap((words) => words.filter((word) => /^test\/.*\.test\.ts$/.test(word)))
const RECEIVED = '2026-03-01T00:00:00.000Z'

let home: string
let registry: Registry
let world: World

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fairlead-guide-'))
  for (const name of ['node_modules', 'package.json', 'migrations']) await symlink(join(ROOT, name), join(home, name))
  for (const name of [
    'connectors',
    'metrics',
    'domain',
    'src',
    'test/world.ts',
    'test/fake-api.ts',
    'test/fixtures.ts',
    'test/metric-cases.ts',
    ...SUITES,
  ])
    await cp(join(ROOT, name), join(home, name), { recursive: true })
  for (const { file, text } of [CONNECTOR_GUIDE, METRIC_GUIDE].flatMap(blocksOf)) {
    if (file === null) continue
    await mkdir(dirname(join(home, file)), { recursive: true })
    await writeFile(join(home, file), text)
  }
  registry = await loadRegistry(home)
  world = await openWorld('2026-03-02T12:00:00.000Z')
})
afterAll(async () => {
  await world.close()
  await rm(home, { recursive: true, force: true })
})

function connectorOf(id: string): Connector {
  const connector = registry.connectors.get(id)
  if (connector === undefined) throw new Error(`no connector ${id}`)
  return connector
}

const ask = (metric: Metric, org: string, more: Partial<Asked> = {}): Promise<MetricReply> =>
  measure(world.analytics, org, 'a_metric', metric, {
    window: windowOf({ days: 7, tz: 'UTC' }, world.clock.now()),
    environment: 'production',
    ...more,
  })

test('the files of both guides are found beside those that the program brings', () => {
  expect([...registry.connectors.keys()]).toEqual(expect.arrayContaining(['deploy-log', 'events', 'git']))
  expect([...registry.metrics.keys()]).toEqual(expect.arrayContaining(['deployment_duration', 'change_lead_time']))
})

test('they are well typed, by the settings of this repository', { timeout: 120_000 }, async () => {
  const paths = [CONNECTOR_GUIDE, METRIC_GUIDE].flatMap(blocksOf).flatMap(({ file }) => (file?.endsWith('.ts') ? [file] : []))
  await writeFile(
    join(home, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { noEmit: true, rootDir: '/', typeRoots: [join(ROOT, 'node_modules', '@types')] },
      include: paths,
    }),
  )
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', home], { encoding: 'utf8', cwd: home })
  expect([stdout, status]).toEqual(['', 0])
})

interface Recorded {
  readonly id: string
  readonly at: string | null
  readonly received_at: string
  readonly config: unknown
  readonly payload: unknown
}

test.each(SUITES)('%s holds for them, too', { timeout: 120_000 }, (suite) => {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  // Only what is said of the guides' files; the others have had their turn.
  const patience = ['--hookTimeout', '120000', '--testTimeout', '120000']
  const args = [
    'run',
    suite,
    '--root',
    home,
    ...patience,
    '--reporter',
    'verbose',
    '-t',
    'deploy-log|deployment_duration|every (connector|metric) has',
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: home,
    encoding: 'utf8',
    env: plainEnvironment({ CI: 'true', NO_COLOR: '1' }),
  })
  expect(status, `${stdout}${stderr}`).toBe(0)
  expect(stdout).toMatch(/✓ .*(deploy-log|deployment_duration)/)
})

describe('add a connector', () => {
  const git: Git = async function* (repository, args) {
    const child = spawn('git', ['-C', repository, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    for await (const chunk of child.stdout) yield chunk as Buffer
    const code = await ended
    if (code !== 0) throw new Error(`git ended with ${code}`)
  }
  const askOf = (path: string, cursor: string | null = null): Ask<unknown> =>
    askWith({ config: connectorOf('deploy-log').config.parse({ path }), cursor, git, signal: new AbortController().signal, log: silentLog })

  async function repositoryWith(lines: readonly string[]): Promise<string> {
    const path = await mkdtemp(join(home, 'repository-'))
    run(path, 'init', '-q')
    await commitLog(path, lines)
    return path
  }
  async function commitLog(path: string, lines: readonly string[]): Promise<void> {
    await writeFile(join(path, 'deployments.ndjson'), lines.map((line) => `${line}\n`).join(''))
    run(path, 'add', '-A')
    run(path, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '-q', '-m', 'Deploy')
  }
  function run(path: string, ...args: string[]): void {
    const { status, stderr } = spawnSync('git', ['-C', path, ...args], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  async function pull(path: string, cursor: string | null = null): Promise<{ items: Pulled[]; cursor: string | null }> {
    const items: Pulled[] = []
    let last = cursor
    for await (const page of connectorOf('deploy-log').streams['deployments']?.pull?.(askOf(path, cursor) as Ask<never>) ?? []) {
      items.push(...page.items)
      last = page.cursor ?? last
    }
    return { items, cursor: last }
  }
  /** The lines that the guide shows: those of its fixture. */
  const shown = () =>
    blocksOf(CONNECTOR_GUIDE)
      .find(({ file }) => file?.endsWith('.payloads.ndjson') === true)
      ?.text.trim()
      .split('\n')
      .map((line) => JSON.stringify((JSON.parse(line) as Recorded).payload)) ?? []

  test('the line that it begins with is the first of the fixture', () => {
    const [first] = blocksOf(CONNECTOR_GUIDE)
    expect(JSON.parse(first?.text ?? '')).toEqual(JSON.parse(shown()[0] ?? ''))
  })

  test('a pull resumes after its cursor, and says what is missing', async () => {
    const path = await repositoryWith(shown().slice(0, 1))
    const first = await pull(path)
    expect(first.items.map(({ id, at }) => [id, at])).toEqual([['1', '2026-02-24T12:15:00.000Z']])
    expect((await pull(path, first.cursor)).items).toEqual([])
    await commitLog(path, [...shown(), '{"number": 43'])
    const more = await pull(path, first.cursor)
    expect(more.items.map(({ id, at }) => [id, at])).toEqual([
      ['2', '2026-02-25T09:00:00.000Z'],
      ['3', null],
    ])
    const { check } = connectorOf('deploy-log')
    expect(await check?.(askOf(path))).toEqual({ ok: true, missing: [] })
    expect(await check?.(askOf(join(path, 'nowhere')))).toMatchObject({ ok: false, missing: [expect.stringContaining('commit it there')] })
  })

  test('what was pulled is measured: line 41 counts, line 42 does not, a broken line is kept as unread', async () => {
    const org = world.org()
    const { items } = await pull(await repositoryWith([...shown(), '{"number": 43']))
    const records = items.map((item, index) => ({
      ...item,
      org,
      seq: index + 1,
      source: 'releases',
      connector: 'deploy-log',
      stream: 'deployments',
      received_at: RECEIVED,
      headers: null,
      digest: createHash('sha256').update(item.payload).digest('hex'),
      chain: '0'.repeat(64),
    }))
    const configOf = async () => connectorOf('deploy-log').config.parse({ path: '.' })
    const applied = await applyBatch({ analytics: world.analytics, registry, configOf, log: silentLog }, records)
    expect([...applied.problems.keys()]).toEqual([3])
    const deriver = createDeriver({ analytics: world.analytics, clock: world.clock })
    await deriver.rebuild(org)
    const metric = registry.metrics.get('deployment_frequency') as Metric
    expect(await ask(metric, org)).toMatchObject({ n: 1 })
    expect(await ask(metric, org, { environment: 'other' })).toMatchObject({ n: 0, coverage: { population: 0 } })
  })

  test('its settings are what the command gives', () => {
    const added = commandsOf(CONNECTOR_GUIDE).find((words) => words.includes('add') && words.includes('sources'))
    const [, connector, source] = added?.slice(added.indexOf('add')) ?? []
    const given = Object.fromEntries(
      (added ?? []).flatMap((word, index) => (added?.[index - 1] === '--set' ? [word.split('=') as [string, string]] : [])),
    )
    expect(source).toBe('releases')
    expect(connectorOf(connector ?? '').config.parse(given)).toMatchObject({ file: 'deployments.ndjson', path: '/srv/git/releases' })
  })
})

describe('add a metric', () => {
  test('the columns that it counts are those of the contract', () => {
    expect(Object.keys(populationColumns)).toHaveLength(14)
    expect(readDocument(METRIC_GUIDE)).toContain('The fourteen columns are those of `populationColumns`')
  })

  interface Case {
    readonly name: string
    readonly events: Record<string, unknown>[]
    readonly query: { readonly days: number }
    readonly expect: Record<string, unknown>
    readonly samples?: { readonly status: string; readonly subjects: string[] }
  }

  test('its worked cases hold, and the number in the text is the measured one', async () => {
    const metric = registry.metrics.get('deployment_duration') as Metric
    const fixture = JSON.parse(await readFile(join(home, 'metrics', 'deployment-duration.fixture.json'), 'utf8')) as {
      now: string
      cases: Case[]
    }
    world.clock.set(fixture.now)
    const replies: MetricReply[] = []
    for (const one of fixture.cases) {
      const org = randomUUID()
      await world.events(org, one.events)
      const asked: Asked = { window: windowOf({ days: one.query.days, tz: 'UTC' }, world.clock.now()), environment: 'production' }
      const reply = await measure(world.analytics, org, 'deployment_duration', metric, asked)
      replies.push(reply)
      const found = Object.keys(one.expect).map((path) => [
        path,
        path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], reply),
      ])
      expect(Object.fromEntries(found)).toEqual(one.expect)
      const rows = await samples(world.analytics, org, 'deployment_duration', metric, asked, { limit: 100, status: one.samples?.status })
      if (one.samples !== undefined) expect(rows.items.map((row) => row.subject.id)).toEqual(one.samples.subjects)
    }
    const { value, n, coverage } = replies[0] as MetricReply
    expect(readDocument(METRIC_GUIDE)).toContain(`The answer is **${value} s** from **${n} of ${coverage.population}** deployments.`)
  })
})

describe.each([CONNECTOR_GUIDE, METRIC_GUIDE])('%s', (guide) => {
  test('every fairlead command is one that the command line takes', async () => {
    const commands = commandsOf(guide).filter(([npx, name]) => npx === 'npx' && name === 'fairlead')
    expect(commands.length).toBeGreaterThan(1)
    for (const [, , ...args] of commands) expect([args.join(' '), await taken(args)]).toEqual([args.join(' '), args[0]])
  })

  test('every npm script that it names is there', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    const named = commandsOf(guide).flatMap(([npm, ...rest]) => (npm === 'npm' ? [rest.at(-1) ?? ''] : []))
    expect(named.length).toBeGreaterThan(0)
    for (const name of named) expect(scripts).toHaveProperty(name)
  })
})

/** Parses with the real command line, without doing anything; gives the command that it would run. */
async function taken(args: readonly string[]): Promise<string | null> {
  const program = createProgram()
  let name: string | null = null
  for (const command of program.commands) {
    command.exitOverride().action(() => {
      name = command.name()
    })
  }
  await program.parseAsync(args, { from: 'user' })
  return name
}
