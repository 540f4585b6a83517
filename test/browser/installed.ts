import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What a package would hold: no sources, so the program never builds itself. */
const PARTS = ['bin', 'dist', 'migrations', 'package.json', join('scripts', 'build.mjs')]

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of a copy of the built program, made before the first test. */
    program: string
  }
}

/** The program as it stood when the tests began, in a folder of its own: a build beside the running tests does not change it under them. */
export default async function copyProgram(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-program-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  for (;;) {
    const stamp = await builtAt()
    await remove()
    const copied = await Promise.allSettled(PARTS.map((part) => cp(join(root, part), join(folder, part), { recursive: true })))
    if (stamp !== (await builtAt())) continue
    const failed = copied.find((one) => one.status === 'rejected')
    if (failed === undefined) break
    await remove()
    throw failed.reason
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  project.provide('program', folder)
  return remove
}

/** Changes with each build; fails when there is none. */
async function builtAt(): Promise<string> {
  return readFile(join(root, 'dist', '.built'), 'utf8')
}
