import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** A repository on this machine as a source: its history and releases become figures, again and again, each only once. */
let data: string
let repository: string
let server: Server
beforeAll(async () => {
  data = await freshDirectory()
  repository = join(await freshDirectory(), 'shop')
  mkdirSync(repository)
  git(['init', '-q', '-b', 'main'])
  server = await startServer(data)
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
  await removeDirectory(join(repository, '..'))
})

function git(args: readonly string[], at = '2026-02-01T09:00:00Z'): string {
  const person = {
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  }
  return execFileSync('git', ['-C', repository, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...person, GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at },
  }).trim()
}
function commit(name: string, at: string): string {
  appendFileSync(join(repository, 'file.txt'), `${name}\n`)
  git(['add', '.'], at)
  git(['commit', '-qm', name], at)
  return git(['rev-parse', 'HEAD'])
}
const release = (tag: string, at: string) => git(['tag', '-a', tag, '-m', tag], at)
const sync = async (...more: string[]) => {
  const { code, stdout, stderr } = await fairlead(['sync', 'git', '--provider', 'local', '--repo-path', repository, '--json', ...more], {
    data,
  })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as { source: string; items: number; streams: Record<string, number> }
}
const FEBRUARY = 'from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z'
const metric = (id: string) => server.get<{ value: number | null; n: number; why: string | null }>(`/v1/metrics/${id}?${FEBRUARY}`)

test('releases become deployments, and commits their lead time', async () => {
  commit('first', '2026-02-01T09:00:00Z')
  release('v1.0.0', '2026-02-01T10:00:00Z')
  commit('second', '2026-02-02T09:00:00Z')
  commit('third', '2026-02-02T10:00:00Z')
  release('v1.1.0', '2026-02-02T13:00:00Z')
  const pulled = await sync()
  expect(pulled).toMatchObject({ source: 'git:shop', streams: { commits: 3, releases: 2 } })
  expect(await metric('deployment_frequency')).toMatchObject({ n: 2 })
  // 1 h for the first, 4 h and 3 h for the others.
  expect(await metric('change_lead_time')).toMatchObject({ n: 3, value: 3 * 3_600 })
})

test('pulled again, nothing changes; what is new is all that is read', async () => {
  const again = await sync()
  expect(again.streams['commits']).toBe(0)
  expect(await metric('change_lead_time')).toMatchObject({ n: 3, value: 3 * 3_600 })
  const broken = commit('fourth', '2026-02-03T09:00:00Z')
  release('v1.2.0', '2026-02-03T10:00:00Z')
  expect((await sync()).streams['commits']).toBe(1)
  expect(await metric('deployment_frequency')).toMatchObject({ n: 3 })
  writeFileSync(join(repository, 'file.txt'), 'first\nsecond\nthird\n')
  git(['commit', '-qam', `Revert "fourth"\n\nThis reverts commit ${broken}.`], '2026-02-03T11:00:00Z')
  release('v1.2.1', '2026-02-03T12:00:00Z')
  await sync()
  expect(await metric('change_fail_rate')).toMatchObject({ n: 4, value: 0.25 })
  expect(await metric('failed_deployment_recovery_time')).toMatchObject({ n: 1, value: 2 * 3_600 })
  const { items } = await server.get<{ items: { method: string; subject: { id: string } }[] }>(
    `/v1/metrics/change_fail_rate/samples?${FEBRUARY}`,
  )
  expect(items.filter((one) => one.method === 'revert').map((one) => one.subject.id)).toEqual([expect.stringContaining('v1.2.0')])
})

test('a full pull gives the same rows', async () => {
  const before = await Promise.all(['change_lead_time', 'change_fail_rate', 'deployment_frequency'].map(metric))
  expect((await sync('--full')).streams['commits']).toBe(5)
  expect(await Promise.all(['change_lead_time', 'change_fail_rate', 'deployment_frequency'].map(metric))).toEqual(before)
})

test('an event that ships a commit of the repository gets its lead time from the history', async () => {
  const head = git(['rev-parse', '--short', 'HEAD~1'])
  const answer = await server.post(
    '/v1/events?wait=visible',
    JSON.stringify({ kind: 'deploy', service: 'shop-eu', git_sha: head, occurred_at: '2026-02-03T15:00:00Z' }),
  )
  expect(answer.status).toBe(200)
  const { items } = await server.get<{ items: { method: string; value: number }[] }>(
    `/v1/metrics/change_lead_time/samples?${FEBRUARY}&service=shop-eu`,
  )
  expect(items).toMatchObject([{ method: 'ancestry', value: 6 * 3_600 }])
})

test('a repository that is gone is an error that names it, and the source remembers', async () => {
  const { code, stderr } = await fairlead(['sync', 'git', '--repo-path', join(repository, '..', 'nowhere')], { data })
  expect([code, /nowhere/.test(stderr), /\n\s+at /.test(stderr)]).toEqual([1, true, false])
  const { items } = await server.get<{ items: { name: string; last_error: string | null; last_success_at: string | null }[] }>(
    '/v1/sources',
  )
  expect(items).toMatchObject([
    { name: 'git:nowhere', last_success_at: null, last_error: expect.stringContaining('nowhere') as string },
    { name: 'git:shop', last_error: null },
  ])
})

test('all of it is in the chain', async () => {
  expect((await fairlead(['verify'], { data })).code).toBe(0)
})
