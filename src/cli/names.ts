import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { connect, posting } from './client.ts'
import { print, printJson, table } from './output.ts'

/** Names of environments and repositories that are read as another. */
export async function run(config: Config, action: string, words: readonly string[], options: { json?: boolean }): Promise<void> {
  const [kind, name, canonical] = words
  const usage = (help: string) => new AppError('usage', `names ${[action, ...words].join(' ')} is not known.`, { help })
  const client = await connect(config)
  try {
    if (action === 'list') {
      const reply = await client.json<{ items: { kind: string; name: string; canonical: string }[] }>('/v1/names')
      if (options.json) return printJson(reply)
      if (reply.items.length === 0) return print('No name is read as another; the usual aliases (prod, live, stg …) are known without one.')
      return print(
        table(
          ['kind', 'name', 'is read as'],
          reply.items.map((one) => [one.kind, one.name, one.canonical]),
        ),
      )
    }
    if (action !== 'set' && action !== 'remove') throw usage('Known: list, set, remove.')
    if (kind === undefined || name === undefined || (action === 'set') !== (canonical !== undefined))
      throw usage(action === 'set' ? 'fairlead names set environment eu-west production' : 'fairlead names remove environment eu-west')
    const { changed } = await client.json<{ changed: boolean }>('/v1/names', posting({ kind, name, canonical: canonical ?? null }))
    if (options.json) return printJson({ changed })
    print(changed ? 'Done; what is kept is being read again.' : 'Nothing changes by that.')
  } finally {
    await client.close()
  }
}
