import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAccess, type Access } from '../src/account/access.ts'
import { openEmitterKeys } from '../src/account/emitter-keys.ts'
import { openOrganizations } from '../src/account/organizations.ts'
import { openUsers } from '../src/account/users.ts'
import { fixedClock } from '../src/clock.ts'
import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { vaultOf } from '../src/source/vault.ts'
import { openPeopleStore, type PeopleStore } from './people-store.ts'

/** How long a session lasts, on a clock that is moved. */
const DAY_MS = 86_400_000
const START = Date.parse('2026-03-02T12:00:00Z')
const ORIGIN = { address: null, agent: null }
const clock = fixedClock(START)
let store: PeopleStore
let access: Access
let user: string
beforeAll(async () => {
  store = await openPeopleStore()
  const parts = { semantic: store.semantic, clock, audit: store.audit }
  const organizations = openOrganizations(parts)
  const home = await organizations.home('UTC')
  const emitterKeys = openEmitterKeys({ semantic: store.semantic, vault: vaultOf(new Secret(randomUUID())), clock, log: silentLog })
  access = openAccess({ semantic: store.semantic, clock, processToken: new Secret(randomUUID()), home, organizations, emitterKeys })
  const wanted = { email: 'ada@example.com', full_name: '', password: null, is_superuser: true }
  user = (await openUsers(parts).create(store.actor(home.id), wanted)).id
})
afterAll(() => store.close())

async function opened(): Promise<string> {
  clock.set(START)
  return (await access.openSession({ user }, access.home.id, ORIGIN)).reveal()
}
async function livesAt(code: string, days: number): Promise<boolean> {
  clock.set(START + days * DAY_MS)
  return (await access.bySession(code)) !== null
}

test('a session that nobody uses ends after seven days', async () => {
  expect(await livesAt(await opened(), 6.9)).toBe(true)
  expect(await livesAt(await opened(), 7.1)).toBe(false)
})

test('one that is used every day ends after thirty, whatever happens', async () => {
  const code = await opened()
  const days = Array.from({ length: 29 }, (_, index) => index + 1)
  for (const day of days) expect(await livesAt(code, day), `day ${day}`).toBe(true)
  expect(await livesAt(code, 29.9)).toBe(true)
  expect(await livesAt(code, 30.1)).toBe(false)
  expect(await access.sessions(user)).toEqual([])
})
