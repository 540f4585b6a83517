import { afterAll, describe, expect, test } from 'vitest'
import { writeHistory } from '../../connectors/git.fixture/history.ts'
import { cloneOf, newSandbox, removeSandboxes } from '../../connectors/git.fixture/sandbox.ts'
import type { Sandbox } from '../../connectors/git.fixture/sandbox.ts'
import { openWorld, type TestItem } from '../../test/world.ts'
import { fixedClock } from '../clock.ts'
import { createGit } from '../git/run.ts'
import { silentLog } from '../log.ts'
import { SCORED } from '../measure/levels.ts'
import { measure } from '../measure/measure.ts'
import { loadRegistry } from '../registry.ts'
import { scanHtml } from './scan-html.ts'
import { openScanner, type ScanOptions, type ScanReport } from './scan.ts'

const NOW = '2026-02-01T12:00:00.000Z'
const HOUR = 3600
const registry = await loadRegistry()
const git = createGit(process.env)

const clock = fixedClock(NOW)
const scanner = openScanner({ registry, git, clock, log: silentLog })
afterAll(async () => {
  await scanner.close()
  removeSandboxes()
})

async function scan(sandbox: Sandbox, asked: Partial<ScanOptions> = {}, by = scanner): Promise<ScanReport> {
  const signal = new AbortController().signal
  return by.scan(sandbox.path, { releases: 'tags', days: undefined, edition: undefined, tz: 'UTC', signal, progress() {}, ...asked })
}

/** Seconds of the raw date that git takes, so many hours before now. */
const ago = (hours: number) => `${Date.parse(NOW) / 1000 - hours * HOUR} +0000`

/** Releases every so many hours, the newest first named; each ships one commit that is an hour old. */
function released(count: number, everyHours: number): Sandbox {
  const sandbox = newSandbox()
  for (let index = count; index > 0; index--) {
    const sha = sandbox.commit({ at: ago(index * everyHours), message: `Change ${index}`, files: [{ write: 'a', content: `${index}\n` }] })
    sandbox.tag(`v1.${count - index}.0`, sha)
  }
  return sandbox
}

describe('a scan', () => {
  test('has the figures that a server has of the same repository', async () => {
    const sandbox = newSandbox()
    writeHistory(sandbox)
    for (let index = 40; index > 0; index--) {
      const message = index % 7 === 0 ? `Undo\n\nThis reverts commit ${sandbox.git('rev-parse', 'main')}.` : `Change ${index}`
      const sha = sandbox.commit({ at: ago(index * 30), message, files: [{ write: `src/${index % 5}`, content: `${index}\n` }] })
      if (index % 3 === 0) sandbox.tag(`v2.${40 - index}.0`, sha)
    }
    // A process has one engine at a time, so this scan has one of its own, which ends before the server's begins.
    const own = openScanner({ registry, git, clock, log: silentLog })
    const report = await scan(sandbox, { days: 30 }, own)
    await own.close()

    const config = registry.connectors.get('git')?.config.parse({ path: sandbox.path })
    const world = await openWorld(NOW, new Map([['git', config]]))
    try {
      const org = world.org()
      const items: TestItem[] = []
      for (const [stream, { pull }] of Object.entries(registry.connectors.get('git')?.streams ?? {})) {
        const ask = { config, cursor: null, git, signal: new AbortController().signal, log: silentLog, progress() {} }
        for await (const page of pull?.(ask as never) ?? []) {
          for (const { id, at, payload } of page.items)
            items.push({ connector: 'git', stream, id, at, payload: JSON.parse(Buffer.from(payload).toString()) as unknown })
        }
      }
      await world.apply(org, items)
      expect(report.window).not.toBeNull()
      for (const id of SCORED) {
        const metric = registry.metrics.get(id)
        if (metric === undefined || report.window === null) throw new Error(`no metric ${id}`)
        const asked = { window: report.window, environment: 'production', bucket: report.bucket ?? undefined }
        const { value, n, baseline, percentiles } = await measure(world.analytics, org, id, metric, asked)
        expect(
          report.metrics.find((one) => one.id === id),
          id,
        ).toMatchObject({ value, n, baseline, percentiles })
      }
      expect(report.metrics.find(({ id }) => id === 'change_fail_rate')?.value).toBeGreaterThan(0)
    } finally {
      await world.close()
    }
  })

  test('counts commits, people, files and reverts of the window', async () => {
    const sandbox = newSandbox()
    const old = sandbox.commit({ at: ago(24 * 900), author: 'Old <old@example.org>', files: [{ write: 'old', content: 'x\n' }] })
    const ada = sandbox.commit({
      at: ago(50),
      files: [
        { write: 'a', content: 'x\ny\n' },
        { write: 'b', content: 'x\n' },
      ],
    })
    sandbox.commit({ at: ago(40), author: 'Ben <ben@example.org>', files: [{ write: 'a', content: 'x\n' }] })
    sandbox.commit({ at: ago(30), message: `Back\n\nThis reverts commit ${ada}.`, files: [{ write: 'a', content: 'z\n' }] })
    sandbox.tag('v1.0.0', old)
    const report = await scan(sandbox, { days: 90 })
    expect(report).toMatchObject({
      commits: 4,
      authors: 3,
      releases: 1,
      first_commit_at: new Date(Date.parse(NOW) - 24 * 900 * 3600_000).toISOString(),
    })
    expect(report.hotspots).toEqual([
      { path: 'a', changes: 3, lines: 5, authors: 2 },
      { path: 'b', changes: 1, lines: 1, authors: 1 },
    ])
    expect(report.top_authors.map(({ name, commits }) => [name, commits])).toEqual([
      ['Ada', 2],
      ['Ben', 1],
    ])
    expect(report.reverts).toMatchObject([{ subject: 'Back', reverted: ada, rule: 'message' }])
  })

  test.each([
    [10, 100, 90],
    [10, 24 * 30, 180],
    [10, 24 * 70, 365],
    [3, 24 * 200, 730],
  ])('%i releases, one in %i hours, are shown over %i days', async (count, every, days) => {
    const { window } = await scan(released(count, every))
    expect((Date.parse(window?.to ?? '') - Date.parse(window?.from ?? '')) / 86_400_000).toBeCloseTo(days)
  })

  test('of a history that is still ends at its last commit, and says so', async () => {
    const sandbox = newSandbox()
    for (let index = 6; index > 0; index--) {
      sandbox.commit({ at: ago(24 * (1000 + index)), message: `Change ${index}` })
      sandbox.tag(`v1.${6 - index}.0`, 'main')
    }
    const report = await scan(sandbox)
    expect(report.window?.to.slice(0, 10)).toBe(new Date(Date.parse(NOW) - 24 * 1001 * 3600_000).toISOString().slice(0, 10))
    expect(report.notes.join(' ')).toContain('Nothing happened here since')
    expect(report.metrics.find(({ id }) => id === 'deployment_frequency')?.n).toBe(6)
  })

  test('without a release says which tags did not count and what to try', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ at: ago(10) })
    sandbox.tag('backup', 'main')
    const report = await scan(sandbox)
    expect(report).toMatchObject({ releases: 0, metrics: [], latest_releases: [] })
    expect(report.notes.join(' ')).toMatch(/1 tag did not count, such as backup\. Try `--releases merges`/)
  })

  test('of a shallow clone says that history is cut; of an empty repository that there is none', async () => {
    const sandbox = released(4, 30)
    expect((await scan(cloneOf(sandbox, '--depth=1'))).notes.join(' ')).toContain('git fetch --unshallow')
    expect((await scan(newSandbox())).notes).toEqual(['The repository has no commits yet.'])
  })

  test('merges are releases where they are asked for', async () => {
    const sandbox = newSandbox()
    const root = sandbox.commit({ at: ago(50) })
    const side = sandbox.commit({ branch: 'side', parents: [root], at: ago(40), files: [{ write: 'a', content: 'x\n' }] })
    sandbox.commit({ parents: [root, side], at: ago(30), message: 'Merge side' })
    const report = await scan(sandbox, { releases: 'merges' })
    expect(report.latest_releases).toMatchObject([{ title: 'Merge side' }])
    expect(report.releases).toBe(1)
  })

  test('of a folder that is no repository fails with what to do, and the next scan goes on', async () => {
    const sandbox = released(2, 30)
    await expect(scan({ path: `${sandbox.path}/nowhere` } as Sandbox)).rejects.toMatchObject({
      code: 'git',
      help: expect.stringMatching(/./) as string,
    })
    expect((await scan(sandbox)).releases).toBe(2)
  })
})

describe('the page of a scan', () => {
  test('escapes what comes from the repository, and holds every report', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ at: ago(20), message: 'One' })
    sandbox.commit({ at: ago(10), message: 'Revert "<img src=x onerror=alert(1)>"', files: [{ write: '<b>bold</b>', content: 'x\n' }] })
    sandbox.tag('v1.0.0', 'main', '<svg onload=alert(1)>')
    const [first, second] = [await scan(sandbox), await scan(released(2, 30))]
    const page = scanHtml([first, second])
    expect(page).not.toMatch(/<img|<svg onload|<b>bold/)
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page.match(/<section>/g)).toHaveLength(2)
  })
})
