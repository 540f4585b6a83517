import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds `connectors/` and `metrics/` as this program runs them: the clone when run from source, `dist/` when built. */
export const PROGRAM_HOME = folderWith('connectors', dirname(fileURLToPath(import.meta.url)))

/** The folder of the package. */
export const PROGRAM_ROOT = folderWith('package.json', PROGRAM_HOME)

export const PROGRAM_VERSION = (JSON.parse(readFileSync(join(PROGRAM_ROOT, 'package.json'), 'utf8')) as { version: string }).version

function folderWith(entry: string, start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, entry))) return folder
    if (folder === dirname(folder))
      throw new Error(`No folder above ${start} has ${entry}: the installation is incomplete. Install it again.`)
  }
}
