import type { Log } from '../log.ts'
import type { Step } from './apply-migration.ts'

const LONG_MS = 5_000

/** Says of a step that takes longer than some seconds what it is, how far it is now and then, and that it is done. */
export function logSteps(log: Log): (step: Step) => void {
  let begun = 0
  let said = 0
  let timer: NodeJS.Timeout | undefined
  return ({ phase, file, statement, statements, text, rows }) => {
    const at = { file, statement, statements, step: text }
    clearTimeout(timer)
    if (phase === 'before') {
      begun = said = performance.now()
      timer = setTimeout(() => log.info('migration.running', at), LONG_MS).unref()
    }
    if (rows !== undefined && performance.now() - said >= LONG_MS) {
      said = performance.now()
      log.info('migration.running', { ...at, rows: rows.done, of: rows.of })
    }
    const ms = Math.round(performance.now() - begun)
    if (phase === 'after' && ms >= LONG_MS) log.info('migration.step-done', { ...at, ms })
  }
}
