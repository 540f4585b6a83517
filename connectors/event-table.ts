import { defineConnector, defineStream, type Ask, type Check, type Inventory, type Page } from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { walkTable } from '../src/table-walk.ts'
import { config, type Config } from './event-table/config.ts'
import { eventOf, payload, rows } from './event-table/row.ts'
import { missingOf, openEventTable, refusalOf } from './event-table/table.ts'

const docs = `Reads a table of events, one row each, in PostgreSQL, YugabyteDB, MySQL or MariaDB: \`fairlead import events\`. It is read by the names of its columns, those of \`deploy_events\` and the other fields of \`POST /v1/events\`; \`columns\` says where one has another name, and what is no field becomes an attribute. \`id\`, \`kind\`, \`service\` and \`occurred_at\` must be there.

Each row is held to the same rules as an event that is sent. One that breaks them is kept with the reason and counts nowhere; the others go on.

**What is new** is told by an \`id\` that is counted up, and else by \`occurred_at\`, a day back: what is written later than that under an older time is read by \`--full\`.`

/** Of a table whose ids are no numbers: rows may be written late. */
const BACK_MS = 24 * 3_600_000

async function* pull(ask: Ask<Config>): AsyncGenerator<Page> {
  const opened = await openEventTable(ask)
  const refusal = refusalOf(opened, ask.config)
  // A table that is gone is no table without news.
  if (refusal !== null) throw new AppError('source-refused', refusal)
  for await (const page of walkTable(ask, 'event_table', opened.tables, {
    table: opened.table,
    back: BACK_MS,
    payloads: async (found) => found.map((row) => eventOf(row, opened)),
    moment: (event) => event['occurred_at'],
  }))
    yield page
}

async function check(ask: Ask<Config>): Promise<Check> {
  const opened = await openEventTable(ask)
  const refusal = refusalOf(opened, ask.config)
  return refusal === null ? { ok: true, missing: missingOf(opened) } : { ok: false, missing: [refusal] }
}

async function inventory(ask: Ask<Config>): Promise<Inventory> {
  const opened = await openEventTable(ask)
  const { tables, table, others } = opened
  const missing = missingOf(opened)
  if (others.length > 0) missing.push(`Kept as attributes: ${others.join(', ')}.`)
  return {
    from: tables.database.describe,
    tables: [{ table, rows: await tables.count(table), stream: 'events', walked: true, why: null }],
    missing,
    projects: [],
  }
}

export default defineConnector<Config>({
  title: 'Table of events',
  docs,
  config,
  streams: {
    events: defineStream({ produces: ['deployments', 'incident_states'], order: 'unordered', payload, pull, rows }),
  },
  check,
  inventory,
})
