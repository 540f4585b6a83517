import type { Config } from '../config.ts'
import { connect } from './client.ts'
import { print, printJson } from './output.ts'

/** Loads the sample data, in the place of what an earlier call loaded: there is one sample, and it ends today. */
export async function run(config: Config, options: { remove?: boolean; json?: boolean }): Promise<void> {
  const client = await connect(config)
  const post = (remove: boolean) =>
    client.json<{ events: number }>('/v1/demo', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ remove }),
    })
  try {
    const { demo: wasThere } = await client.json<{ demo: boolean }>('/v1/status')
    if (wasThere) await post(true)
    const { events } = options.remove ? { events: 0 } : await post(false)
    if (options.json) return printJson({ events })
    if (options.remove) return print(wasThere ? 'The sample data is removed.' : 'There is no sample data; nothing is removed.')
    print(
      `${wasThere ? 'The sample data was there already; it is replaced by one that ends today. ' : ''}${events.toLocaleString('en')} events of sample data are in: six services of an invented shop over half a year, in production and staging. Take them out again with \`npx fairlead demo --remove\`.`,
    )
  } finally {
    await client.close()
  }
}
