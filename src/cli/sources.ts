import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { connect } from './client.ts'
import { print, printJson, table } from './output.ts'

interface Listed {
  items: { name: string; connector: string; last_success_at: string | null; last_error: string | null }[]
}

export async function run(config: Config, action: string, options: { json?: boolean }): Promise<void> {
  if (action !== 'list')
    throw new AppError('usage', `sources ${action} is not known.`, {
      help: 'Known: list. A local repository is connected by `fairlead sync git`.',
    })
  const client = await connect(config)
  try {
    const reply = await client.json<Listed>('/v1/sources')
    if (options.json) return printJson(reply)
    if (reply.items.length === 0) return print('No sources are connected. Connect a repository with `fairlead sync git --repo-path DIR`.')
    print(
      table(
        ['source', 'connector', 'last success', 'last error'],
        reply.items.map((one) => [one.name, one.connector, one.last_success_at ?? 'never', one.last_error ?? '']),
      ),
    )
  } finally {
    await client.close()
  }
}
