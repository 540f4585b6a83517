import { basename, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Pull } from '../ingest/pull.ts'
import { connect } from './client.ts'
import { print, printJson, progress } from './output.ts'

interface Options {
  provider: string
  repoPath: string
  source?: string
  releases?: string
  service?: string
  full?: boolean
  json?: boolean
}

/** Connects a local repository as a source, once, and pulls what is new from it. */
export async function run(config: Config, what: string, options: Options): Promise<void> {
  if (what !== 'git') throw new AppError('usage', `sync ${what} is not known.`, { help: 'Known: git.' })
  if (options.provider !== 'local') throw new AppError('usage', `The provider ${options.provider} is not known.`, { help: 'Known: local.' })
  const path = resolve(options.repoPath)
  const name = options.source ?? `git:${basename(path)}`
  const client = await connect(config)
  const drawn = progress(`sync ${name}`)
  try {
    const source = {
      path,
      ...(options.releases === undefined ? {} : { releases: options.releases }),
      ...(options.service === undefined ? {} : { service: options.service }),
    }
    await client.json('/v1/sources', json({ name, connector: 'git', config: source }))
    const pull =
      client.local === null
        ? await client.json<Omit<Pull, 'last'>>('/v1/sources/sync', json({ name, full: options.full === true }))
        : await pullHere(client.local, name, options.full === true, drawn.tick)
    drawn.end()
    if (options.json) return printJson(pull)
    const streams = Object.entries(pull.streams)
      .map(([stream, count]) => `${count.toLocaleString('en')} ${stream}`)
      .join(', ')
    print(`${name}: ${streams} in ${pull.seconds.toFixed(1)} s.`)
  } finally {
    drawn.end()
    await client.close()
  }
}

async function pullHere(
  { services }: NonNullable<Awaited<ReturnType<typeof connect>>['local']>,
  name: string,
  full: boolean,
  tick: (done: number, total: number | null, what: string) => void,
): Promise<Omit<Pull, 'last'>> {
  const signal = new AbortController().signal
  const { last, ...pull } = await services.pull(services.access.organization.id, name, { full, signal, progress: tick })
  await services.applier.visible(last, last, signal)
  return pull
}

function json(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
