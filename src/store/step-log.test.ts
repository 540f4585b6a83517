import { expect, test, vi } from 'vitest'
import type { Log } from '../log.ts'
import { logSteps } from './step-log.ts'

test('a short step says nothing; a long one says what it is, how many rows of how many are done, and that it is done', () => {
  vi.useFakeTimers()
  try {
    const said: unknown[] = []
    const log: Log = { info: (event, fields) => void said.push([event, fields]), warn() {}, error() {} }
    const onStep = logSteps(log)
    const at = { file: '0007_change_key.ts', statement: 3, statements: 6, text: 'copy users into users_copy_0007, in ranges' }
    const fields = { file: at.file, statement: 3, statements: 6, step: at.text }
    onStep({ phase: 'before', ...at })
    vi.advanceTimersByTime(4_000)
    onStep({ phase: 'within', ...at, rows: { done: 1, of: 9 } })
    onStep({ phase: 'after', ...at })
    expect(said).toEqual([])

    onStep({ phase: 'before', ...at })
    vi.advanceTimersByTime(6_000)
    onStep({ phase: 'within', ...at, rows: { done: 4, of: 9 } })
    vi.advanceTimersByTime(1_000)
    onStep({ phase: 'within', ...at, rows: { done: 5, of: 9 } })
    onStep({ phase: 'after', ...at })
    expect(said).toEqual([
      ['migration.running', fields],
      ['migration.running', { ...fields, rows: 4, of: 9 }],
      ['migration.step-done', { ...fields, ms: 7_000 }],
    ])
  } finally {
    vi.useRealTimers()
  }
})
