import type { Config } from '../config.ts'
import type { Replayed } from '../ingest/replay.ts'
import { connect } from './client.ts'
import { note, print, printJson, progress } from './output.ts'

/** Reads what is kept of a source again, with today's code, settings and names. */
export async function run(config: Config, name: string, options: { json?: boolean }): Promise<number> {
  const client = await connect(config)
  const drawn = progress(`replay ${name}`)
  try {
    const found = await client.follow<Replayed>('/v1/sources/replay', { name }, drawn.tick)
    drawn.end()
    if (options.json) printJson(found)
    else
      print(
        `${name}: ${found.items.toLocaleString('en')} items were read again; ${found.removed.toLocaleString('en')} rows are told no more and were removed.`,
      )
    if (found.unread > 0) note(`${found.unread} items cannot be read; \`fairlead sources health ${name}\` names them.`)
    return 0
  } finally {
    drawn.end()
    await client.close()
  }
}
