import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createGit } from '../src/git/run.ts'
import { askWith } from '../src/ingest/ask.ts'
import { silentLog } from '../src/log.ts'
import { PROGRAM_ROOT } from '../src/program.ts'
import { loadRegistry } from '../src/registry.ts'
import { figure, machine, print, timed, type Figure } from './figures.ts'
import { generate, git } from './scan-repository.ts'

const COMMITS = 6_000
const PAIRS = 5
const SYNCS = 3

/**
 * `fairlead scan` and a server's `sync git` against `git log --numstat` of the same repositories: whole processes by the wall clock, one
 * after the other, so that a machine that gets slower slows both. Without paths, a generated repository.
 */
export async function run(args: string[]): Promise<void> {
  const before = machine()
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-scan-'))
  try {
    const paths = args.filter((one) => !one.startsWith('--')).map((path) => resolve(path))
    if (paths.length === 0) paths.push(await generate(folder, COMMITS))
    for (const path of paths) {
      const figures = await measurePath(path, folder)
      const commits = await countCommits(path)
      process.stdout.write(`${print({ bench: 'scan', setup: { commits, pairs: PAIRS, syncs: SYNCS }, figures, notes: NOTES }, before)}\n\n`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const NOTES = [
  'git log: `git log --numstat`; scan: the whole `fairlead scan`, from the start of the process to its end.',
  'pull: what the connector alone takes in a warm process, all streams; sync: the pull of `fairlead sync git` into a fresh data directory, as it reports it.',
]

async function measurePath(path: string, folder: string): Promise<Figure[]> {
  const runs: Record<'git' | 'scan' | 'pull' | 'sync', number[]> = { git: [], scan: [], pull: [], sync: [] }
  const log = () => git(['-C', path, 'log', '--numstat'])
  // The first of each fills the caches of the file system.
  await log()
  await fairlead(['scan', path])
  for (let pair = 0; pair < PAIRS; pair++) {
    runs.git.push(await timed(log))
    runs.scan.push(await timed(() => fairlead(['scan', path])))
    runs.pull.push(await timed(() => pullAll(path)))
  }
  for (let one = 0; one < SYNCS; one++) {
    const environment = { FAIRLEAD_DATA: join(folder, `data-${one}`) }
    await fairlead(['sources', 'list'], environment)
    const told = await fairlead(['sync', 'git', '--repo-path', path, '--json'], environment)
    runs.sync.push((JSON.parse(told) as { seconds: number }).seconds * 1000)
  }
  const base = figure('git log --numstat', 'ms', runs.git)
  return [
    base,
    figure('fairlead scan', 'ms', runs.scan, base),
    figure('pull of the connector alone', 'ms', runs.pull, base),
    figure('fairlead sync git (pull into the journal)', 'ms', runs.sync, base),
  ]
}

async function fairlead(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const bin = join(PROGRAM_ROOT, 'bin', 'fairlead.mjs')
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...environment } })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`fairlead ${args[0]} ended with ${code}`)
  return told
}

async function pullAll(path: string): Promise<void> {
  const connector = (await loadRegistry()).connectors.get('git')
  if (connector === undefined) throw new Error('the connector git is missing')
  const config = connector.config.parse({ path })
  const signal = new AbortController().signal
  const ask = askWith<unknown>({ config, git: createGit(process.env), signal, log: silentLog })
  for (const stream of Object.values(connector.streams)) for await (const page of stream.pull?.(ask) ?? []) page.items.at(0)
}

async function countCommits(path: string): Promise<number> {
  let told = ''
  const args = ['rev-list', '--count', 'HEAD']
  const signal = new AbortController().signal
  for await (const chunk of createGit(process.env)(path, args, { signal })) told += chunk.toString()
  return Number(told)
}
