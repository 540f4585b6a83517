import type { Services } from '../api/services.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { LAKE_SCHEMAS } from '../store/schema.ts'
import { connect } from './client.ts'
import { note, print, printJson, progress, table } from './output.ts'

interface Options {
  schema: string
  to?: string
  full?: boolean
  json?: boolean
}

/** Fills a MySQL or MariaDB beside the stores. The server connects to it, not this command. */
export async function run(config: Config, what: string, { schema, to, full, json }: Options): Promise<number> {
  if (what !== 'lake') throw new AppError('usage', `export ${what} is not known.`, { help: 'Known: lake.' })
  if (!LAKE_SCHEMAS.some((one) => one === schema))
    throw new AppError('usage', `The schema ${schema} is not known.`, { help: `Known: ${LAKE_SCHEMAS.join(', ')}.` })
  const address = to ?? config.MYSQL_URI?.reveal()
  const client = await connect(config)
  const drawn = progress('export')
  try {
    const body = { schema, full: full === true, ...(address === undefined ? {} : { to: address }) }
    const done = await client.follow<Awaited<ReturnType<Services['exportLake']>>>('/v1/lake/export', body, drawn.tick)
    drawn.end()
    if (json) {
      printJson(done)
      return 0
    }
    const figures = done.tables.map((one) => [one.table, one.rows, one.written, one.removed].map((cell) => cell.toLocaleString('en')))
    print(table(['table', 'rows', 'written', 'removed'], figures, [1, 2, 3]))
    note(done.lake)
    return 0
  } finally {
    drawn.end()
    await client.close()
  }
}
