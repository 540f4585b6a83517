import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type Config } from '../config.ts'
import { silentLog } from '../log.ts'
import { openFairlead } from '../main.ts'
import type { OpenApi } from '../report/reference-api.ts'
import { referencePages, writeReference } from '../report/reference.ts'
import { loadRegistry } from '../registry.ts'
import { note, print } from './output.ts'
import { createProgram } from './program.ts'

/** The reference is made from the program: metrics, settings, connectors, the API and this very command line. */
export async function run(_config: Config, options: { check?: boolean }): Promise<number> {
  const pages = referencePages(await loadRegistry(), createProgram(), await openapi())
  const stale = await writeReference(pages, options.check === true)
  if (options.check && stale.length > 0) {
    for (const file of stale) note(`${file} is not what the program says: run \`npm run docs\``)
    return 3
  }
  print(stale.length === 0 ? 'docs/reference is up to date.' : `Wrote ${stale.join(', ')}.`)
  return 0
}

/** What the application itself answers at /v1/openapi.json, over empty stores in a folder of its own and with no setting of the user's. */
async function openapi(): Promise<OpenApi> {
  const scratch = await mkdtemp(join(tmpdir(), 'fairlead-docs-'))
  try {
    const config = loadConfig({ FAIRLEAD_DATA: scratch }, scratch)
    const fairlead = await openFairlead(config, { log: silentLog, actor: 'cli', environment: {} })
    try {
      return (await (await fairlead.app.request('/v1/openapi.json')).json()) as OpenApi
    } finally {
      await fairlead.close()
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
