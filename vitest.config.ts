import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those of a minute and more, the longest first: begun last, one of them is what everyone waits for. */
const LONG = ['migrations', 'connector-faults', 'connectors', 'laws', 'sources', 'attribution', 'cluster', 'derive', 'faults', 'crash']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const known = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return known === -1 ? LONG.length : known
    }
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    include: ['{src,domain,connectors,metrics,scripts,test}/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/servers/**', 'node_modules/**', 'dist/**'],
    // Each file is a process of its own: the embedded analytics engine holds one directory per process.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 10_000 } },
    passWithNoTests: false,
  },
})
