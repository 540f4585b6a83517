import { defineConfig } from 'vitest/config'

/** Runs against real servers, which the environment names. Without them it fails: a suite that skips has proved nothing. */
export default defineConfig({
  test: {
    include: ['test/servers/**/*.test.ts', 'test/clickhouse-http.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 10_000 } },
    passWithNoTests: false,
  },
})
