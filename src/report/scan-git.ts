import type { Git } from '../connector.ts'

/** Questions whose answers are small, and that several streams ask alike. */
const QUESTIONS = new Set(['rev-parse', 'config', 'for-each-ref', 'symbolic-ref', 'cat-file'])

/**
 * git for one scan. A question that was asked before is not asked again: 10 processes of 24 are saved, and all streams see the same
 * refs. `onHistory` is called when git has begun with the history itself, which it then reads by itself for a while.
 */
export function gitOfScan(git: Git, onHistory: () => void): Git {
  const answers = new Map<string, Promise<Buffer[]>>()
  return async function* ask(repository, args, options = {}) {
    if (!QUESTIONS.has(args[0] ?? '')) {
      const printed = git(repository, args, options)[Symbol.asyncIterator]()
      const first = printed.next()
      if (args[0] === 'diff-tree') onHistory()
      yield* rest(await first, printed)
      return
    }
    const question = JSON.stringify([repository, args, options.input])
    const answer = answers.get(question) ?? gather(git(repository, args, options))
    answers.set(question, answer)
    yield* await answer
  }
}

async function gather(printed: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of printed) chunks.push(chunk)
  return chunks
}

/** What remains of an iterator whose first step is taken; left early, it is closed. */
async function* rest(first: IteratorResult<Buffer>, printed: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    for (let step = first; step.done !== true; step = await printed.next()) yield step.value
  } finally {
    await printed.return?.()
  }
}
