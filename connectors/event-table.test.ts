import { expect, test } from 'vitest'
import eventTable from './event-table.ts'
import { eventOf, payload } from './event-table/row.ts'

/** How a row becomes the event that would have been sent. A whole import is in test/servers. */

const plain = ['id', 'kind', 'service', 'succeeded', 'occurred_at', 'attributes']
const names = { columnOf: new Map(plain.map((one) => [one, one])), others: ['runner'] }

test('by name, with what is not said left out, and the rest as attributes', () => {
  expect(
    eventOf(
      { id: 7, kind: 'deploy', service: 'api', succeeded: 1, occurred_at: '2026-02-01 10:00:00', runner: 'k8s', attributes: { a: 1 } },
      names,
    ),
  ).toEqual({
    id: '7',
    kind: 'deploy',
    service: 'api',
    succeeded: true,
    occurred_at: '2026-02-01T10:00:00.000Z',
    attributes: { runner: 'k8s', a: 1 },
  })
  expect(
    eventOf({ id: 'x', kind: 'deploy', service: null, succeeded: 'f', occurred_at: null, runner: null, attributes: 'text' }, names),
  ).toEqual({
    id: 'x',
    kind: 'deploy',
    succeeded: false,
  })
})

test('what is no flag and no moment stays what it is, and is refused', () => {
  const event = eventOf({ id: '1', kind: 'deploy', service: 'api', succeeded: 'maybe', occurred_at: 'yesterday' }, names)
  expect(event).toMatchObject({ succeeded: 'maybe', occurred_at: 'yesterday' })
  expect(
    payload
      .safeParse(event)
      .error?.issues.map((issue) => issue.path[0])
      .sort(),
  ).toEqual(['occurred_at', 'succeeded'])
})

test('a row without a time is no event, however good the rest', () => {
  expect(payload.safeParse({ id: '1', kind: 'deploy', service: 'api' }).error?.issues[0]?.path).toEqual(['occurred_at'])
})

test('settings: a table, or one of a schema; columns by the names of fields', () => {
  const uri = 'postgresql://u@h/x'
  const is = (settings: object) => eventTable.config.safeParse({ uri, ...settings }).success
  expect([is({}), is({ table: 'audit.log' }), is({ columns: { service: 'app' } }), is({ uri: 'mysql://u@h/x' })]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect([is({ table: 'a.b.c' }), is({ table: 'a b' }), is({ columns: { colour: 'x' } }), is({ uri: 'https://h' })]).toEqual([
    false,
    false,
    false,
    false,
  ])
})

test('a table that is gone is an error of the pull, and no pull without news', async () => {
  const config = eventTable.config.parse({ uri: 'postgresql://u@h/x' })
  const database = async () => ({ dialect: 'postgres', describe: 'PostgreSQL at h', query: async () => [] })
  const pages = eventTable.streams['events']?.pull?.({ config, database } as never)[Symbol.asyncIterator]()
  await expect(pages?.next()).rejects.toMatchObject({
    code: 'source-refused',
    message: expect.stringMatching(/no table deploy_events/) as string,
  })
})
