import { expect, test } from 'vitest'
import { momentOf } from '../../domain/loose.ts'
import { deliver } from '../../src/api/compat/door.ts'
import type { Services } from '../../src/api/services.ts'
import { fixedClock } from '../../src/clock.ts'
import { AppError } from '../../src/errors.ts'
import type { JournalItem } from '../../src/ingest/journal.ts'
import { silentLog } from '../../src/log.ts'

/** A door whose list of sources answers with an error. */
async function deliverWith(error: AppError): Promise<JournalItem[]> {
  const taken: JournalItem[] = []
  const services = {
    clock: fixedClock('2026-03-02T12:00:00.000Z'),
    log: silentLog,
    hooks: { health: { note() {} } },
    sources: {
      // oxlint-disable-next-line typescript/require-await -- it stands for one that asks the store
      async ensure() {
        throw error
      },
    },
    journal: {
      append(items: readonly JournalItem[]) {
        taken.push(...items)
        return Promise.resolve({ first: 1, last: items.length })
      },
    },
  } as unknown as Services
  const target = { org: 'o', source: 's', connector: 'datadog', headers: {} }
  await deliver(services, target, [{ stream: 'deployments', id: '1', at: null, payload: Buffer.from('{}') }])
  return taken
}

test('what comes while PostgreSQL is away is taken: most emitters send it only once', async () => {
  expect(await deliverWith(new AppError('store-unavailable', 'PostgreSQL is away.'))).toMatchObject([
    { id: '1', received_at: '2026-03-02T12:00:00.000Z' },
  ])
})

test('a name that another connector has is refused, and nothing is kept under it', async () => {
  await expect(deliverWith(new AppError('conflict', 'It is a git source.'))).rejects.toMatchObject({ code: 'conflict' })
})

test.each([
  ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000Z'],
  ['2026-01-31T09:00:00.123456789+01:00', '2026-01-31T08:00:00.123Z'],
  ['2026-01-31T09:00:00+0100', '2026-01-31T08:00:00.000Z'],
  ['2026-01-31 09:00:00', '2026-01-31T09:00:00.000Z'],
  ['2026-01-31 09:00', '2026-01-31T09:00:00.000Z'],
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['2026-01-31 09:00:00.5 +0000 UTC', '2026-01-31T09:00:00.500Z'],
  ['2026-01-31 09:00:00.5 +0100 CET m=+4.2', '2026-01-31T08:00:00.500Z'],
  ['2026-01-31 09:00:00 +0530 +0530', '2026-01-31T03:30:00.000Z'],
  ['0001-01-01 00:00:00 +0000 UTC', null],
  ['0001-01-01T00:00:00Z', null],
  ['2026-13-41T09:00:00Z', null],
  ['yesterday', null],
  ['1771923600', null],
  ['', null],
])('the time %s', (text, moment) => {
  expect(momentOf(text)).toBe(moment)
})
