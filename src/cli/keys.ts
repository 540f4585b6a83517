import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { connect } from './client.ts'
import { print, printJson, progress } from './output.ts'

/** Credentials under a new key. */
export async function run(config: Config, action: string, options: { json?: boolean }): Promise<void> {
  if (action !== 'rotate') throw new AppError('usage', `keys ${action} is not known.`, { help: 'Known: rotate.' })
  const client = await connect(config)
  const drawn = progress('keys rotate')
  try {
    const { resealed, credentials } = await client.follow<{ resealed: number; credentials: number }>('/v1/keys/rotate', {}, drawn.tick)
    drawn.end()
    if (options.json) return printJson({ resealed, credentials })
    print(`${resealed} of ${credentials} credentials were sealed anew; none is under the old key.`)
  } finally {
    drawn.end()
    await client.close()
  }
}
