import type { Config } from '../config.ts'
import { referencePages, writeReference } from '../report/reference.ts'
import { loadRegistry } from '../registry.ts'
import { note, print } from './output.ts'
import { createProgram } from './program.ts'

/** The reference is made from the program: metrics, settings, connectors and this very command line. */
export async function run(_config: Config, options: { check?: boolean }): Promise<number> {
  const stale = await writeReference(referencePages(await loadRegistry(), createProgram()), options.check === true)
  if (options.check && stale.length > 0) {
    for (const file of stale) note(`${file} is not what the program says: run \`npm run docs\``)
    return 3
  }
  print(stale.length === 0 ? 'docs/reference is up to date.' : `Wrote ${stale.join(', ')}.`)
  return 0
}
