import { eventInput, implausibleTimes, type EventInput } from '../../domain/event.ts'
import { textOf } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Raw } from '../../src/connector.ts'
import { dateOf, type Row } from '../../src/table-walk.ts'
import { eventRows } from '../events/rows.ts'
import type { EventTable } from './table.ts'

const MOMENTS = new Set(['occurred_at', 'commit_at', 'started_at'])
const FLAGS = new Set(['succeeded', 'unplanned'])

/** A row as the event that would have been sent to `POST /v1/events`. What is null is not said; what is no event stays one that is refused. */
export function eventOf(row: Row, { columnOf, others }: Pick<EventTable, 'columnOf' | 'others'>): Row {
  const event: Record<string, unknown> = {}
  for (const [field, column] of columnOf) {
    const value = row[column]
    if (value === null || value === undefined || field === 'attributes') continue
    event[field] = MOMENTS.has(field) ? (dateOf(value) ?? value) : FLAGS.has(field) ? flagOf(value) : (textOf(value) ?? value)
  }
  const own = row[columnOf.get('attributes') ?? '']
  const attributes = {
    ...Object.fromEntries(others.flatMap((column) => (row[column] === null || row[column] === undefined ? [] : [[column, row[column]]]))),
    ...(typeof own === 'object' && own !== null && !Array.isArray(own) ? own : {}),
  }
  return Object.keys(attributes).length === 0 ? event : { ...event, attributes }
}

/** MySQL has numbers for flags, and some write words. */
function flagOf(value: unknown): unknown {
  if (typeof value === 'boolean') return value
  const text = textOf(value)?.toLowerCase()
  return text === 'true' || text === 't' || text === '1' ? true : text === 'false' || text === 'f' || text === '0' ? false : value
}

/** A row without its time is refused: the moment at which it is read is not the one at which it happened. */
export const payload = eventInput.refine((event) => event.occurred_at !== undefined, { path: ['occurred_at'], message: 'is empty' })

export function rows(event: EventInput, raw: Raw): DomainRows {
  const [problem] = implausibleTimes(event, Date.parse(raw.received_at))
  if (problem !== undefined) throw new Error(problem)
  return eventRows(event, raw)
}
