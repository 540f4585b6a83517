import type { Config } from '../config.ts'
import { connect } from './client.ts'
import { print, printJson } from './output.ts'

export async function run(config: Config, options: { remove?: boolean; json?: boolean }): Promise<void> {
  const client = await connect(config)
  try {
    const reply = await client.json<{ events: number }>('/v1/demo', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ remove: options.remove === true }),
    })
    if (options.json) return printJson(reply)
    print(
      options.remove
        ? 'The sample data is removed.'
        : `${reply.events.toLocaleString('en')} events of sample data are in: three services over 17 weeks. Take them out again with \`npx fairlead demo --remove\`.`,
    )
  } finally {
    await client.close()
  }
}
