import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** The files of the ordinary suite that start the program or its semantic store, on a server that behaves as YugabyteDB: see on-yugabyte.ts. */
const withStore = ['test', 'test/compat'].flatMap((folder) =>
  readdirSync(folder)
    .filter(
      (file) =>
        file.endsWith('.test.ts') &&
        /from '\.{1,2}\/(server|semantic-store|people-store)\.ts'/.test(readFileSync(join(folder, file), 'utf8')),
    )
    .map((file) => `${folder}/${file}`),
)

export default defineConfig({
  test: {
    include: withStore,
    setupFiles: ['test/servers/on-yugabyte.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 10_000 } },
    passWithNoTests: false,
  },
})
