import { readdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Connector } from './connector.ts'
import { AppError } from './errors.ts'
import { UNITS, type Metric } from './metric.ts'
import { PROGRAM_HOME } from './program.ts'

/** The plugins: one file each, found by listing their folders. The id is the file's name. */
export interface Registry {
  readonly connectors: ReadonlyMap<string, Connector>
  readonly metrics: ReadonlyMap<string, Metric>
}

export async function loadRegistry(home: string = PROGRAM_HOME): Promise<Registry> {
  const [connectors, metrics] = await Promise.all([
    load<Connector>(join(home, 'connectors'), (id) => id, checkConnector),
    load<Metric>(join(home, 'metrics'), (id) => id.replaceAll('-', '_'), checkMetric),
  ])
  return { connectors, metrics }
}

/** Loads one folder, in the order of its names; refuses a bad file, naming it. */
async function load<T>(folder: string, idOf: (name: string) => string, check: (plugin: T) => string | null): Promise<Map<string, T>> {
  const files = (await readdir(folder)).filter((file) => /^[a-z][a-z0-9-]*\.(ts|js)$/.test(file)).sort()
  const plugins = await Promise.all(
    files.map(async (file): Promise<[string, T]> => {
      const path = join(folder, file)
      const module = (await import(/* @vite-ignore */ pathToFileURL(path).href).catch((cause: unknown) => {
        throw new AppError('plugin', `${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      })) as { default?: T }
      const problem = module.default === undefined ? 'it has no default export' : check(module.default)
      if (problem !== null || module.default === undefined) {
        throw new AppError('plugin', `${path} is not a valid plugin: ${problem}.`, { help: 'See docs/guides for the shape of a plugin.' })
      }
      return [idOf(basename(file, extname(file))), module.default]
    }),
  )
  return new Map(plugins)
}

function checkConnector(connector: Connector): string | null {
  if (typeof connector.title !== 'string' || connector.title === '') return 'title is missing'
  if (Object.keys(connector.streams ?? {}).length === 0) return 'it has no streams'
  for (const [name, stream] of Object.entries(connector.streams)) {
    if (typeof stream.rows !== 'function') return `stream ${name} has no rows()`
    if ((stream.produces.length === 0) !== (stream.rawOnly === true))
      return `stream ${name} produces ${stream.rawOnly ? 'something and says that it does not' : 'nothing'}`
  }
  return null
}

function checkMetric(metric: Metric): string | null {
  if (typeof metric.title !== 'string' || metric.title === '') return 'title is missing'
  if (!UNITS.includes(metric.unit)) return `unit ${String(metric.unit)} is not known`
  if (typeof metric.rows !== 'string' || metric.rows.trim() === '') return 'rows is missing'
  if (metric.reads.length === 0) return 'reads names no relation'
  return null
}
