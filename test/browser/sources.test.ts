import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityViolations } from './browser.ts'
import { problem } from './fake-api.ts'
import { status } from './fake-figures.ts'
import { pull, sources } from './fake-sources.ts'
import { stage, text } from './stage.ts'

const at = stage()
const cards = (page: Page) => page.locator('.source-card')
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const focused = (page: Page) =>
  page.evaluate<string>(
    `(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent ?? '').trim()`,
  )

async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if ((await focused(page)) === name) return
    await page.keyboard.press(key)
  }
  throw new Error(`${name} was not reached; the focus is on ${await focused(page)}`)
}

function gate(): { until: Promise<void>; open: () => void } {
  let open: () => void = () => {}
  const until = new Promise<void>((resolve) => {
    open = resolve
  })
  return { until, open }
}

describe('the list of sources', () => {
  test('shows what needs a hand first, with its error and a remedy', async () => {
    const page = await at.open('/sources')
    await cards(page).first().waitFor()
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['pagerduty', 'github', 'acme-ci'])
    expect(await text(page, '.scope')).toBe('3 sources, 1 of them wants a look.')
    expect(await text(page, '.source-error')).toBe(
      'The tool does not know the credential (401 at /incidents). Run the check: it names what the credential lacks. A credential that has ended is given again in the settings.',
    )
    const github = cards(page).nth(1)
    expect(await github.locator('.state').textContent()).toBe('Fine')
    expect(await github.locator('dl').textContent()).toContain('1,204 taken, 3 refused, 2 unread')
    expect(await github.locator('dl').textContent()).toMatch(/4,812 of 5,000, renewed at \d\d:\d\d/)
    expect(await page.title()).toBe('Sources · Acme Payments · Fairlead')
  })

  test('without any says how to begin', async () => {
    at.api.world.sources = []
    at.api.world.status = { ...status, events: 0, sources: [] }
    const page = await at.open('/sources')
    await page.getByRole('heading', { name: 'No tool is connected yet' }).waitFor()
    await page.getByRole('link', { name: 'Connect a tool' }).click()
    await page.getByRole('heading', { name: 'Connect a tool' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/sources/connect')
  })

  test('names what is in the data and no longer connected, but not what was removed', async () => {
    at.api.world.sources = []
    const gone = { connector: 'forge', last_at: '2025-11-21T08:28:00.000Z', items: 12 }
    at.api.world.status = {
      ...status,
      sources: [
        { ...gone, name: 'old-forge', unread: 1 },
        { ...gone, name: 'wiped', unread: 12 },
      ],
    }
    const page = await at.open('/sources')
    await page.locator('.sources-others').waitFor()
    expect(await text(page, '.sources-others')).toBe('Not connected, and in the data: old-forge (12 items).')
  })

  test('a failure shows what the problem document says', async () => {
    at.api.world.failing = { path: '/v1/sources', problem: { ...problem(503, 'store-unavailable', 'No store.'), help: 'Wait a moment.' } }
    const page = await at.open('/sources')
    await page.getByRole('alert').waitFor()
    expect(await text(page, '.problem-text')).toBe('No store.Wait a moment.503 · store-unavailable')
    at.api.world.failing = null
    await button(page, 'Try again').click()
    await cards(page).first().waitFor()
  })

  test('who may only read sees no button that would be refused', async () => {
    at.api.world.mayChange = false
    const page = await at.open('/sources')
    await page.getByText('You may look at the sources and not change them.').waitFor()
    expect(await page.getByRole('link', { name: 'Connect a tool' }).count()).toBe(0)
    await page.getByRole('link', { name: 'github' }).click()
    await page.locator('.strip').waitFor()
    expect(await page.locator('.source-actions').count()).toBe(0)
    await page.goto(`${at.api.url}/sources/settings?name=github`)
    await page.getByText('You may look at the sources and not change them.').waitFor()
    expect(await page.locator('form').count()).toBe(0)
  })
})

describe('going from page to page', () => {
  test('the masthead leads on, and the focus begins at the heading', async () => {
    const page = await at.open('/')
    await page.locator('article').first().waitFor()
    expect(await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents()).toEqual([
      'Review',
      'Teams',
      'Sources',
      'Gaps',
    ])
    await page.getByRole('link', { name: 'Sources' }).first().click()
    await cards(page).first().waitFor()
    expect(await page.locator('.pages [aria-current=page]').allTextContents()).toEqual(['Sources'])
    expect(await focused(page)).toBe('Sources')
    await page.getByRole('link', { name: 'github' }).click()
    await page.locator('.strip').waitFor()
    expect(await focused(page)).toBe('github')
    expect(await page.locator('.pages [aria-current=true]').allTextContents()).toEqual(['Sources'])
    await page.goBack()
    await cards(page).first().waitFor()
    await page.goBack()
    await page.locator('.tile').first().waitFor()
  })

  test('signed out, every page leads to the same place, and back', async () => {
    at.api.world.signedIn = false
    const page = await at.open('/sources')
    await page.getByLabel('Access token').fill('flt_valid')
    await page.getByLabel('Access token').press('Enter')
    await expect.poll(() => cards(page).count()).toBe(3)
  })
})

describe('one source', () => {
  const open = async (name = 'github') => {
    const page = await at.open(`/sources/detail?name=${name}`)
    await page.locator('.strip').waitFor()
    return page
  }

  test('shows its days as a picture and as a table, its streams and what it covers', async () => {
    const page = await open()
    const rows = page.locator('.strip-days')
    expect(await rows.count()).toBe(3)
    expect(await rows.first().locator('.strip-day').count()).toBe(35)
    expect(await rows.first().getAttribute('aria-label')).toMatch(
      /^Commits: \d+ on \d+ of the last 35 days, the most on \d+ \w{3} with \d+$/,
    )
    await page.getByText('The same as a table').click()
    const table = page.getByRole('table', { name: 'Items by day and stream' })
    expect(await table.locator('thead').textContent()).toBe('DayCommitsDeploymentsRuns')
    expect(await table.locator('tbody tr').count()).toBe(35)
    // A stream that the tool has and that told nothing is there, too.
    expect(await page.getByRole('row', { name: /^Pull requests/ }).textContent()).toBe('Pull requests000never')
    expect(await page.getByRole('row', { name: /^Deployments Sat 1 Jun 2024/ }).textContent()).toBe('DeploymentsSat 1 Jun 2024now')
  })

  test('opens what was not understood down to its bytes', async () => {
    const page = await open()
    await button(page, 'Raw item 4711, run:88').click()
    await page.locator('.raw pre').waitFor()
    expect(at.api.requests).toContain('GET /v1/raw/4711')
    expect(await page.getByRole('region', { name: 'Refused by the store' }).locator('li').textContent()).toContain(
      'cannot hold the moment 0001-01-01',
    )
  })

  test('gives the address of the webhook to copy, and says how it is set up', async () => {
    const page = await open()
    const hook = page.getByRole('region', { name: 'Webhook', exact: true })
    expect(await hook.locator('pre').textContent()).toBe(`${at.api.url}/hooks/github`)
    expect(await hook.locator('.markdown').textContent()).toBe(`Under Settings → Webhooks add ${at.api.url}/hooks/github with the secret.`)
  })

  test('syncs, telling how far it is, and what came of it', async () => {
    const first = gate()
    const second = gate()
    at.api.world.sync = [
      { progress: { done: 40, total: 160, what: 'commits of acme/api' } },
      first.until,
      { progress: { done: 80, total: 160, what: 'commits of acme/api' } },
      second.until,
      { result: pull },
    ]
    const page = await open()
    await button(page, 'Sync now').click()
    const bar = page.getByRole('progressbar', { name: 'Syncing github' })
    await expect.poll(() => bar.getAttribute('value')).toBe('40')
    expect(await bar.getAttribute('max')).toBe('160')
    expect(await page.locator('.work-words').textContent()).toContain('commits of acme/api: 40 of 160')
    expect(await button(page, 'Remove').isDisabled()).toBe(true)
    expect(await accessibilityViolations(page)).toEqual([])
    await page.waitForTimeout(2_200)
    first.open()
    await expect.poll(() => page.locator('.work-words').textContent()).toMatch(/80 of 160 · about \d+ s left/)
    second.open()
    await page.locator('.notice.is-good').waitFor()
    expect(await text(page, '.notice.is-good')).toBe('160 items in 12 s. Commits 120, Runs 40')
    expect(at.api.posted).toEqual([{ path: '/v1/sources/sync', body: { name: 'github' } }])
  })

  test('a sync can be stopped, and one that fails says why', async () => {
    at.api.world.sync = [{ progress: { done: 1, total: null, what: 'runs' } }, new Promise(() => {})]
    const page = await open()
    await button(page, 'Sync now').click()
    await expect.poll(() => page.locator('.work-words').textContent()).toContain('runs: 1')
    await button(page, 'Stop').click()
    await page.getByText('The sync was stopped.').waitFor()
    at.api.world.sync = [{ problem: { code: 'source-denied', detail: 'The tool refuses the credential.', help: 'Give it again.' } }]
    await button(page, 'Sync now').click()
    await page.getByRole('alert').waitFor()
    expect(await text(page, '.problem-text')).toBe('The tool refuses the credential.Give it again.source-denied')
    at.api.world.sync = [{ progress: { done: 1, total: 2, what: 'runs' } }]
    await button(page, 'Try again').click()
    await page.getByText('The server ended in the middle of its answer.').waitFor()
  })

  test('the check names each missing permission', async () => {
    at.api.world.check = { ok: false, missing: ['The token may not read `actions`: give it *Actions: read*.'] }
    const page = await open()
    await button(page, 'Check').click()
    await page.locator('.notice.is-bad').waitFor()
    expect(await page.locator('.notice li').allTextContents()).toEqual(['The token may not read actions: give it *Actions: read*.'])
    at.api.world.check = { ok: true, missing: [] }
    await button(page, 'Check').click()
    await page.getByText('It can be read, and nothing is missing.').waitFor()
  })

  test('is removed only after a question, whose first answer is no', async () => {
    const page = await open()
    await button(page, 'Remove').click()
    const dialog = page.getByRole('dialog', { name: 'Disconnect github?' })
    await dialog.waitFor()
    expect(await focused(page)).toBe('Keep it')
    expect(await accessibilityViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog.count()).toBe(0)
    await expect.poll(() => focused(page)).toBe('Remove')
    expect(at.api.posted).toEqual([])

    await button(page, 'Remove').click()
    await dialog.getByLabel('Remove its data, too').check()
    await dialog.getByRole('button', { name: 'Remove it and its data' }).click()
    await expect.poll(() => cards(page).count()).toBe(2)
    expect(at.api.posted).toEqual([{ path: '/v1/sources/remove', body: { name: 'github', data: true } }])
    expect(new URL(page.url()).pathname).toBe('/sources')
  })
})

describe('connecting a tool', () => {
  test('by keyboard, from the choice to the address of the webhook', async () => {
    const page = await at.open('/sources/connect')
    await page.locator('.connector').first().waitFor()
    expect(await page.locator('.connector-gives').allTextContents()).toEqual([
      'Takes events that pipelines send.',
      'Reads repositories, runs and deployments of Forge.',
      'Reads incidents of Pager.',
    ])
    await tabTo(page, 'Forge')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Connect Forge' }).waitFor()
    await tabTo(page, 'Name')
    await page.keyboard.press('Control+A')
    await page.keyboard.type('acme forge')
    await tabTo(page, 'Token')
    await page.keyboard.type('not-a-real-token')
    await tabTo(page, 'Repositories')
    await page.keyboard.type('acme/api\nacme/web\n')
    await tabTo(page, 'Add a rule')
    await page.keyboard.press('Enter')
    await expect.poll(() => focused(page)).toContain('From')
    expect(await page.locator('.rule').count()).toBe(2)
    await page.keyboard.press('ArrowDown')
    await tabTo(page, 'Name')
    await page.keyboard.type('(?i)deploy')
    await tabTo(page, 'Make one')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Connect')
    await page.keyboard.press('Enter')
    await page.getByText('Forge is connected as acme forge.').waitFor()
    expect(await focused(page)).toBe('Go to the source')
    expect(await page.locator('.command pre').textContent()).toBe(`${at.api.url}/hooks/acme%20forge`)
    const { path, body } = at.api.posted.at(-1) as { path: string; body: { config: { webhook_secrets: string[] } } }
    expect(path).toBe('/v1/sources')
    // What is as the connector has it is not said.
    expect(body).toEqual({
      name: 'acme forge',
      connector: 'forge',
      config: {
        token: 'not-a-real-token',
        repositories: ['acme/api', 'acme/web'],
        deployments: [{ from: 'deployment' }, { from: 'run', name: '(?i)deploy' }],
        webhook_secrets: [expect.stringMatching(/^[0-9a-f]{48}$/)],
      },
      every_minutes: null,
    })
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'acme forge', level: 1 }).waitFor()
  })

  test('each kind of setting has its control, and what is wrong is said where it is', async () => {
    const page = await at.open('/sources/connect?connector=forge')
    await page.getByLabel('Token').waitFor()
    expect(await page.getByLabel('Token').getAttribute('type')).toBe('password')
    expect(await page.getByLabel('Unstable').locator('option').allTextContents()).toEqual(['failure', 'success', 'unknown'])
    expect(await page.getByLabel('Stages').isChecked()).toBe(true)
    expect(await page.getByLabel('URL').inputValue()).toBe('https://api.forge.example')
    // A key keeps its line breaks.
    await page.getByLabel('Private key').fill('-----BEGIN-----\nabc\n-----END-----')
    await page.getByLabel('URL').fill('nowhere')
    await page.getByLabel('Pages', { exact: true }).last().fill('101')
    await page.getByLabel('Mapping').fill('{"acme/api": ')
    await page.getByLabel('Pull every … minutes').fill('often')
    await button(page, 'Connect').click()
    expect(await page.locator('.field-problem').allTextContents()).toEqual([
      'This must be an address such as https://tool.example.org.',
      'This must be at most 100.',
      expect.stringMatching(/^This is no JSON: /),
      'This must be a whole number of minutes, at most 10080 (a week).',
    ])
    expect(await focused(page)).toBe('URL')
    expect(await accessibilityViolations(page)).toEqual([])
    expect(at.api.posted).toEqual([])
    await page.getByLabel('URL').fill('https://forge.acme.example')
    await page.getByLabel('Pages', { exact: true }).last().fill('50')
    await page.getByLabel('Mapping').fill('{"acme/api": "api"}')
    await page.getByLabel('Pull every … minutes').fill('60')
    await page.getByLabel('Stages').uncheck()
    await page.getByLabel('Unstable').selectOption('success')
    await button(page, 'Connect').click()
    await page.getByText('Forge is connected as forge.').waitFor()
    expect(at.api.posted.at(-1)?.body).toEqual({
      name: 'forge',
      connector: 'forge',
      config: {
        url: 'https://forge.acme.example',
        private_key: '-----BEGIN-----\nabc\n-----END-----',
        unstable: 'success',
        stages: false,
        pages: 50,
        mapping: { 'acme/api': 'api' },
      },
      every_minutes: 60,
    })
  })

  test('what the server refuses is said at its field', async () => {
    const refused = problem(400, 'invalid-input', 'The settings of the forge source are not valid.')
    at.api.world.failing = {
      path: '/v1/sources/check',
      problem: { ...refused, errors: [{ path: 'deployments.0.name', message: 'cannot be used as a pattern: missing closing )' }] },
    }
    const page = await at.open('/sources/connect?connector=forge')
    await button(page, 'Check').click()
    await page.getByRole('alert').waitFor()
    await expect
      .poll(() => page.locator('.field-problem').allTextContents())
      .toEqual(['No. 1, name: cannot be used as a pattern: missing closing )'])
  })

  test('what a form needs is asked for, and a name is given once', async () => {
    const page = await at.open('/sources/connect?connector=pager')
    await page.getByLabel('Name').fill('github')
    await button(page, 'Connect').click()
    expect(await page.locator('.field-problem').allTextContents()).toEqual([
      'There is a source of that name already.',
      'This is needed.',
      'This is needed.',
    ])
    // It makes no deployments, so there is nothing to preview.
    expect(await button(page, 'Preview').count()).toBe(0)
  })
})

describe('the preview', () => {
  test('says what the rules match, and makes a rule of a workflow that none takes', async () => {
    const page = await at.open('/sources/settings?name=github')
    await button(page, 'Preview').click()
    const report = page.getByRole('region', { name: 'Preview', exact: true })
    await report.waitFor()
    expect((await report.locator('p').first().textContent())?.replaceAll(/\s+/g, ' ')).toBe(
      '212 deployments (204 with the settings that stand) of 4,304 items that are kept. Nothing is saved.',
    )
    expect(await page.getByRole('row', { name: /^run \^Deploy\$ on main/ }).textContent()).toContain('webproduction8')
    expect(await report.getByRole('link', { name: 'Deploy #9' }).getAttribute('href')).toBe('https://forge.example/acme/web/runs/9')
    await button(page, 'Make a rule of it: Release (web)').click()
    expect(await report.getByText('a rule now').count()).toBe(1)
    expect(await page.getByText('The settings have changed since they were previewed.').count()).toBe(1)
    const rule = page.getByRole('group', { name: 'Rule 2' })
    expect(await rule.getByLabel('From').inputValue()).toBe('run')
    expect(await rule.getByLabel('Name').inputValue()).toBe(String.raw`^Release \(web\)$`)
    await button(page, 'Preview').click()
    await expect.poll(() => at.api.posted.length).toBe(2)
    expect(at.api.posted[1]).toEqual({
      path: '/v1/sources/preview',
      body: {
        name: 'github',
        connector: 'forge',
        config: {
          repositories: ['acme/api', 'acme/web'],
          deployments: [{ from: 'deployment' }, { from: 'run', name: String.raw`^Release \(web\)$` }],
        },
      },
    })
    expect(await accessibilityViolations(page)).toEqual([])
  })

  test('rules can be moved and removed', async () => {
    at.api.world.sources = [
      {
        ...sources[1]!,
        config: {
          deployments: [
            { from: 'run', name: 'one', paths: ['a/**', 'b/**'] },
            { from: 'tag', name: 'two' },
          ],
        },
      },
    ]
    const page = await at.open('/sources/settings?name=github')
    const first = page.getByRole('group', { name: 'Rule 1' })
    expect(await first.getByLabel('Paths').inputValue()).toBe('a/**\nb/**')
    await button(page, 'Earlier: rule 2').click()
    expect(await first.getByLabel('Name').inputValue()).toBe('two')
    await button(page, 'Remove rule 1').click()
    expect(await page.locator('.rule').count()).toBe(1)
    expect(await focused(page)).toBe('Add a rule')
    await button(page, 'Remove rule 1').click()
    await button(page, 'Save').click()
    await page.getByText('The settings of github are saved.').waitFor()
    expect(at.api.posted.at(-1)?.body).toMatchObject({ config: { deployments: [] } })
  })
})

test('settings keep their credentials unless they are given again', async () => {
  const page = await at.open('/sources/settings?name=github')
  await page.getByLabel('Token').waitFor()
  expect(await page.getByLabel('Token').getAttribute('placeholder')).toBe('Kept unless given again')
  expect(await page.locator('.field-tag').allTextContents()).toEqual(['kept', 'kept'])
  await page.getByLabel('Repositories').fill('acme/api')
  await button(page, 'Save').click()
  await page.getByText('The settings of github are saved.').waitFor()
  expect(at.api.posted.at(-1)?.body).toEqual({
    name: 'github',
    connector: 'forge',
    config: { repositories: ['acme/api'] },
    every_minutes: null,
  })
})
