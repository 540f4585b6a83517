import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,domain,connectors,metrics,scripts,test}/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/servers/**', 'node_modules/**', 'dist/**'],
    // Each file is a process of its own: the embedded analytics engine holds one directory per process.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 10_000 } },
    passWithNoTests: false,
  },
})
