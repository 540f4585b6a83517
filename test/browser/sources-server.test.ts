import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SourceHealth, SourceList } from '../../web/src/api/contract.ts'
import { freshDirectory, removeDirectory } from '../server.ts'
import { accessibilityViolations, launch, visit } from './browser.ts'
import { startProgram, type Program } from './program.ts'

/** The pages of sources with the real server and a real repository. */
let browser: Browser
let home: string
let program: Program
let repository: string
beforeAll(async () => {
  browser = await launch()
  home = await freshDirectory()
  repository = join(home, 'shop')
  await mkdir(repository)
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-c', 'user.name=Alice', '-c', 'user.email=alice@example.org', ...args], { cwd: repository })
  await git('init', '-q', '-b', 'main')
  await writeFile(join(repository, 'readme.txt'), 'one')
  await git('add', '.')
  await git('commit', '-qm', 'First')
  await git('tag', 'v1.0.0')
  program = await startProgram(join(home, 'data'))
})
afterAll(async () => {
  await program.stop()
  await browser.close()
  await removeDirectory(home)
})

test('a repository is connected, pulled, looked at, changed and removed on the page', async () => {
  const { page, complaints, close } = await visit(browser, program.signInLink)
  await page.getByRole('link', { name: 'Choose a tool' }).click()
  await page.locator('.connector-open').filter({ hasText: 'Git' }).first().waitFor()
  await page.goto(`${program.url}/sources/connect?connector=git`)
  await page.getByLabel('Name').first().fill('git of shop')
  await page.getByLabel('Path').fill(repository)
  await page.getByLabel('Pull every … minutes').fill('0')
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.locator('.preview').or(page.getByRole('alert')).waitFor()
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByText('is connected as git of shop.').waitFor()
  expect(await accessibilityViolations(page)).toEqual([])

  await page.getByRole('link', { name: 'Go to the source' }).click()
  await page.getByRole('heading', { name: 'git of shop' }).waitFor()
  await page.getByRole('button', { name: 'Sync now' }).click()
  await page.locator('.notice.is-good').waitFor()
  expect(await page.locator('.notice.is-good').textContent()).toMatch(/items? in/)
  await expect.poll(() => page.locator('.strip-days').count()).toBeGreaterThan(0)
  expect(await accessibilityViolations(page)).toEqual([])
  const health = await program.get<SourceHealth>('/v1/sources/health?name=git%20of%20shop')
  expect(await page.locator('.strip-days').count()).toBe(new Set(health.days.map(({ stream }) => stream)).size)

  await page.getByRole('button', { name: 'Replay' }).click()
  await page.getByText(/items? read again/).waitFor()
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('Service').fill('shop')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The settings of git of shop are saved.').waitFor()
  const listed = await program.get<SourceList>('/v1/sources')
  expect(listed.may_change).toBe(true)
  expect(listed.items.map(({ name, state, config, every_minutes }) => ({ name, state, config, every_minutes }))).toEqual([
    { name: 'git of shop', state: 'pushed', config: { path: repository, service: 'shop' }, every_minutes: 0 },
  ])

  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Gaps' }).click()
  await page
    .getByText(/No gaps in this window|have no lead time|could/)
    .first()
    .waitFor()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Sources' }).click()
  await page.getByRole('link', { name: 'git of shop' }).click()
  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByLabel('Remove its data, too').check()
  await page.getByRole('button', { name: 'Remove it and its data' }).click()
  await page.getByRole('heading', { name: 'No tool is connected yet' }).waitFor()
  expect((await program.get<SourceList>('/v1/sources')).items).toEqual([])
  await close()
  expect(complaints).toEqual([])
})
