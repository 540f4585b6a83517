import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportReport } from '../src/lake/import.ts'
import { silentLog } from '../src/log.ts'
import { PROGRAM_ROOT } from '../src/program.ts'
import { quoted } from '../src/store/mysql-name.ts'
import { openMysql, type Mysql } from '../src/store/mysql.ts'
import { resolveMysql } from '../src/store/store-uri.ts'
import { fill, makeDevlake } from './devlake-database.ts'
import { count, figure, machine, options, print } from './figures.ts'

const DEFAULTS = { commits: '100k', pulls: '20k', deployments: '5k', incidents: '2k', repositories: '50', json: 'false' }

/** `fairlead import devlake` of a generated database, into a fresh data directory: the whole process, then again when nothing is new; and the way back. */
export async function run(args: string[]): Promise<void> {
  const before = machine()
  const given = options(args, DEFAULTS)
  const server = process.env['MYSQL_URI']
  if (server === undefined) throw new Error('MYSQL_URI is not set: a MySQL or MariaDB whose user may create databases')
  const database = `fairlead_bench_${randomBytes(4).toString('hex')}`
  const uri = new URL(server)
  uri.pathname = `/${database}`
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-import-'))
  const home = await open(server)
  await home.run(`create database ${quoted(database)} character set utf8mb4 collate utf8mb4_bin`)
  try {
    const size = {
      commits: count(given.commits),
      pulls: count(given.pulls),
      deployments: count(given.deployments),
      incidents: count(given.incidents),
      repositories: count(given.repositories),
    }
    const lake = await open(uri.href)
    await generate(lake, size)
    await lake.close()
    const imported = async (): Promise<{ ms: number; report: ImportReport }> => {
      const started = performance.now()
      const report = JSON.parse(
        await fairlead(['import', 'devlake', '--json'], { FAIRLEAD_DATA: join(folder, 'data'), MYSQL_URI: uri.href }),
      )
      return { ms: performance.now() - started, report: report as ImportReport }
    }
    const exported = async (): Promise<number> => {
      const started = performance.now()
      const target = new URL(server)
      target.pathname = `/${database}_out`
      await fairlead(['export', 'lake', '--schema', 'devlake', '--json'], { FAIRLEAD_DATA: join(folder, 'data'), MYSQL_URI: target.href })
      return (performance.now() - started) / 1000
    }
    const first = await imported()
    const again = await imported()
    await home.run(`create database ${quoted(`${database}_out`)} character set utf8mb4 collate utf8mb4_bin`)
    const out = [await exported(), await exported()] as const
    const full = first.report.tables.reduce((sum, { taken }) => sum + (taken ?? 0), 0)
    const figures = [
      figure('import', 's', [first.ms / 1000]),
      figure('again, nothing new', 's', [again.ms / 1000]),
      figure('export --schema devlake', 's', [out[0]]),
      figure('export again, nothing new', 's', [out[1]]),
    ]
    const notes = [
      `${full.toLocaleString('en')} rows taken, ${first.report.tables.reduce((sum, { skipped }) => sum + (skipped ?? 0), 0)} skipped; the server took ${first.report.seconds.toFixed(1)} s of it.`,
      'Whole processes, without a running server: the stores are made by the way.',
    ]
    const report = { bench: 'import', setup: size, figures, notes }
    process.stdout.write(`${given.json === 'true' ? JSON.stringify({ ...report, machine: before }) : print(report, before)}\n`)
  } finally {
    for (const one of [database, `${database}_out`]) await home.run(`drop database if exists ${quoted(one)}`)
    await home.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

async function open(uri: string): Promise<Mysql> {
  const target = resolveMysql(uri)
  if (target === null) throw new Error('MYSQL_URI is empty')
  return openMysql(target, { log: silentLog })
}

async function fairlead(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [join(PROGRAM_ROOT, 'bin', 'fairlead.mjs'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TZ: 'UTC', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`fairlead ${args.join(' ')} ended with ${String(code)}`)
  return output
}

interface Size {
  readonly commits: number
  readonly pulls: number
  readonly deployments: number
  readonly incidents: number
  readonly repositories: number
}

const MINUTE_MS = 60_000
const ROWS = 5_000

/** Repositories side by side, each with a history that is one line; a pull request has three commits of it, every fifth deployment fails. */
async function generate(mysql: Mysql, size: Size): Promise<void> {
  await makeDevlake(mysql, 'fresh')
  const repository = (n: number) => `github:GithubRepo:1:${n % size.repositories}`
  const name = (n: number) => `acme/service-${n % size.repositories}`
  const sha = (n: number) => n.toString(16).padStart(40, '0')
  const begin = Date.UTC(2025, 0, 1)
  /** The moment of a commit: one every few minutes, over two years or less. */
  const at = (n: number) => new Date(begin + n * 10 * MINUTE_MS).toISOString()
  const write = async (table: string, total: number, row: (n: number) => Parameters<typeof fill>[3][number]) => {
    for (let start = 0; start < total; start += ROWS) {
      const some = Array.from({ length: Math.min(ROWS, total - start) }, (_one, index) => row(start + index))
      await fill(mysql, 'fresh', table, some)
    }
  }
  /** The last commit of a repository before the end of a share of all. */
  const headOf = (n: number, share: number) => {
    const rounds = Math.max(1, Math.floor((share * size.commits) / size.repositories))
    return (rounds - 1) * size.repositories + (n % size.repositories)
  }
  const people = 200
  await write('repos', size.repositories, (n) => ({ id: repository(n), name: name(n), url: `https://github.com/${name(n)}` }))
  await write('accounts', people, (n) => ({ id: `github:GithubAccount:1:${n}`, user_name: `dev${n}`, email: `dev${n}@example.org` }))
  await write('commits', size.commits, (n) => ({
    sha: sha(n),
    message: `Change ${n} of a part of the service\n\nWhat it changes and why, in a line or two that nobody reads here.`,
    author_name: `Dev ${n % people}`,
    author_email: `dev${n % people}@example.org`,
    authored_date: at(n),
    committer_name: `Dev ${n % people}`,
    committer_email: `dev${n % people}@example.org`,
    committed_date: at(n),
    additions: n % 300,
    deletions: n % 70,
  }))
  await write('repo_commits', size.commits, (n) => ({ repo_id: repository(n), commit_sha: sha(n) }))
  await write('commit_parents', size.commits - size.repositories, (n) => ({
    commit_sha: sha(n + size.repositories),
    parent_commit_sha: sha(n),
  }))
  const pull = (n: number) => `github:GithubPullRequest:1:${n}`
  const tip = (n: number) => headOf(n, (n + 1) / size.pulls)
  await write('pull_requests', size.pulls, (n) => ({
    id: pull(n),
    base_repo_id: repository(n),
    pull_request_key: n,
    title: `Pull request ${n}`,
    description: 'x'.repeat(500),
    status: 'MERGED',
    url: `https://github.com/${name(n)}/pull/${n}`,
    author_id: `github:GithubAccount:1:${n % people}`,
    created_date: at(tip(n)),
    merged_date: at(tip(n) + 5),
    closed_date: at(tip(n) + 5),
    merge_commit_sha: sha(tip(n)),
  }))
  await write('pull_request_commits', size.pulls * 3, (n) => {
    const of = Math.floor(n / 3)
    const commit = Math.max(of % size.repositories, tip(of) - (n % 3) * size.repositories)
    return { pull_request_id: pull(of), commit_sha: sha(commit), commit_authored_date: at(commit) }
  })
  await write('pull_request_labels', size.pulls, (n) => ({ pull_request_id: pull(n), label_name: `part-${n % 9}` }))
  await write('pull_request_comments', size.pulls, (n) => ({
    id: `github:GithubPrReview:1:${n}`,
    pull_request_id: pull(n),
    account_id: `github:GithubAccount:1:${(n + 1) % people}`,
    created_date: at(tip(n) + 2),
    type: 'REVIEW',
    status: 'APPROVED',
  }))
  const shipped = (n: number) => headOf(n, (n + 1) / size.deployments)
  const deployed = (n: number) => ({
    cicd_scope_id: repository(n),
    name: `deploy ${n}`,
    result: n % 5 === 0 ? 'FAILURE' : 'SUCCESS',
    status: 'DONE',
    environment: 'PRODUCTION',
    original_environment: 'production',
    started_date: at(shipped(n) + 6),
    finished_date: at(shipped(n) + 7),
  })
  await write('cicd_deployments', size.deployments, (n) => ({ id: `deployment-${n}`, ...deployed(n) }))
  await write('cicd_deployment_commits', size.deployments, (n) => ({
    id: `deployment-${n}:x`,
    commit_sha: sha(shipped(n)),
    cicd_deployment_id: `deployment-${n}`,
    repo_id: repository(n),
    repo_url: `https://github.com/${name(n)}`,
    ...deployed(n),
  }))
  const broken = (n: number) => headOf(n, (n + 1) / size.incidents)
  const incident = (n: number) => ({
    id: `github:GithubIssue:1:${n}`,
    url: `https://github.com/${name(n)}/issues/${n}`,
    title: `Incident ${n}`,
    status: 'DONE',
    created_date: at(broken(n) + 8),
    resolution_date: at(broken(n) + 20),
  })
  await write('issues', size.incidents, (n) => ({ ...incident(n), issue_key: String(n), type: 'INCIDENT' }))
  await write('incidents', size.incidents, (n) => ({ ...incident(n), incident_key: String(n), table: 'boards', scope_id: repository(n) }))
}
