import { writeFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Exchange } from '../ingest/http.ts'
import { connect } from './client.ts'
import { note, print, progress } from './output.ts'

/** A live tool's answers as the lines of a connector's fixture, scrubbed. Nothing of it is kept by Fairlead. */
export async function run(
  config: Config,
  name: string,
  options: { out?: string; stream?: readonly string[]; pages: string; since?: string },
): Promise<void> {
  const pages = Number(options.pages)
  if (!Number.isInteger(pages) || pages < 1)
    throw new AppError('usage', `--pages ${options.pages} is no number of pages.`, { help: 'For example --pages 2.' })
  const client = await connect(config)
  const drawn = progress(`record ${name}`)
  try {
    const body = {
      name,
      pages,
      ...(options.stream === undefined ? {} : { streams: options.stream }),
      ...(options.since === undefined ? {} : { since: options.since }),
    }
    const { exchanges } = await client.follow<{ exchanges: Exchange[] }>('/v1/sources/record', body, drawn.tick)
    drawn.end()
    const text = exchanges.map((one) => JSON.stringify(one)).join('\n')
    if (options.out === undefined) return print(text)
    await writeFile(options.out, `${text}\n`)
    note(`${exchanges.length} exchanges are in ${options.out}. People and addresses were replaced; read it before you share it.`)
  } finally {
    drawn.end()
    await client.close()
  }
}
