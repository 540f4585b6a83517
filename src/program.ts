import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package, whether this runs from `src/` or from `dist/src/`. */
export const PROGRAM_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)))

export const PROGRAM_VERSION = (JSON.parse(readFileSync(join(PROGRAM_ROOT, 'package.json'), 'utf8')) as { version: string }).version

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}
