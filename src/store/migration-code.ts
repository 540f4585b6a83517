import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AppError } from '../errors.ts'
import type { Copying } from './copying.ts'
import type { MigrationCode, MigrationStep } from './migration-step.ts'
import { tableSteps } from './table-steps.ts'

/** The steps of one file of TypeScript: as it is built, or as it stands where the program runs from its source. */
export async function loadSteps(folder: string, file: string, copying: Copying): Promise<readonly MigrationStep[]> {
  const name = basename(file, '.ts')
  const refuse = (what: string, cause?: unknown): AppError =>
    new AppError('migration-failed', `The migration ${file} ${what}.`, {
      help: 'See docs/guides/write-a-migration.md. In an installed program: the installation is incomplete.',
      detail: { file },
      cause,
    })
  const path = [`${name}.js`, file].map((each) => join(folder, each)).find((each) => existsSync(each))
  if (path === undefined) throw refuse('is not there as it is built')
  const module = (await import(/* @vite-ignore */ pathToFileURL(path).href).catch((cause: unknown) => {
    throw refuse(`cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  })) as { default?: MigrationCode }
  if (typeof module.default !== 'function') throw refuse('has no default export that is a function')
  return module.default(tableSteps(copying, Number(name.slice(0, 4)), file))
}
