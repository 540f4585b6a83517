import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { loadRegistry } from '../src/registry.ts'
import { Secret } from '../src/secret.ts'
import { openBenchmarks } from '../src/settings/benchmarks.ts'
import { openProjects } from '../src/settings/projects.ts'
import { openSettings } from '../src/settings/setting-book.ts'
import { openNames } from '../src/source/names.ts'
import { openSources } from '../src/source/sources.ts'
import { openVault } from '../src/source/vault.ts'
import { openPeopleStore, type PeopleStore } from './people-store.ts'
import { freshDirectory, removeDirectory } from './server.ts'

let store: PeopleStore
let data: string
beforeAll(async () => {
  store = await openPeopleStore()
  data = await freshDirectory()
})
afterAll(async () => {
  await store.close()
  await removeDirectory(data)
})

test('a change whose entry cannot be written is not made', async () => {
  const { semantic } = store
  const { clock } = store.world
  const org = await store.org()
  const settings = openSettings({ semantic, clock })
  const benchmarks = openBenchmarks({ semantic, clock, settings })
  const projects = openProjects({ semantic, clock })
  const names = openNames({ semantic, clock })
  const sources = openSources({ semantic, clock, registry: await loadRegistry(), vault: await openVault(data, null) })
  const written = store.audit.by(store.actor(org))
  const refused = async () => {
    throw new Error('the log is full')
  }
  const band = { metric: 'change_fail_rate', level: 'elite' as const, min: null, max: null, unit: 'share' as const }
  const project = { name: 'shop', description: null, repositories: [], services: ['api'] }
  const secrets = (text: string) => ({ webhook_secrets: [text] })
  const hook = z.object({ webhook_secrets: z.array(z.instanceof(Secret)) })
  const revealed = async () => {
    // Opened anew: what is remembered could hide what is stored.
    const fresh = openSources({ semantic, clock, registry: await loadRegistry(), vault: await openVault(data, null) })
    return hook.parse(await fresh.configOf(org, 'g', 'grafana')).webhook_secrets.map((one) => one.reveal())
  }
  const standing = async () => [
    await settings.list(org),
    await benchmarks.list(org),
    await projects.list(org),
    await names.list(org),
    await sources.list(org),
    await revealed(),
    await store.audit.page(org, { limit: 100 }),
  ]
  const changes = (note: typeof written, more: boolean) => [
    () => settings.set(org, 'level_min_samples', more ? 9 : 7, 'test', note),
    () => benchmarks.save(org, 'ours', [{ ...band, level: more ? 'low' : 'elite' }], note),
    () => projects.save(org, more ? { ...project, services: ['web'] } : project, note),
    () => projects.saveSettings(org, 'shop', { plugin: 'dora', options: {}, enabled: !more }, note),
    () => names.set(org, 'environment', 'live', more ? 'staging' : 'production', note),
    () => sources.save(org, 'g', 'grafana', secrets(more ? 'the second secret' : 'the first secret'), null, note),
  ]
  const removals = (note: typeof written) => [
    () => benchmarks.remove(org, 'ours', note),
    () => projects.remove(org, 'shop', note),
    () => names.remove(org, 'environment', 'live', note),
    () => sources.remove(org, 'g', false, note),
  ]
  for (const change of changes(written, false)) await change()
  const before = await standing()
  for (const change of [...changes(refused, true), ...removals(refused)]) await expect(change()).rejects.toThrow('the log is full')
  expect(await standing()).toEqual(before)
  for (const change of [...changes(written, true), ...removals(written)]) await change()
  expect(await store.audit.page(org, { limit: 100 })).toHaveLength(2 * changes(written, true).length + removals(written).length)
})
