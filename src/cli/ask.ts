import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { AppError } from '../errors.ts'

/** Asked on the terminal without being shown; from a pipe the first line is taken. */
export function ask(name: string): Promise<string> {
  const isTerminal = process.stdin.isTTY === true
  if (isTerminal) process.stderr.write(`${name}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: silent, terminal: isTerminal })
  return new Promise((resolve, reject) => {
    reader.once('line', (line) => {
      if (isTerminal) process.stderr.write('\n')
      // Before closing, which says in the same turn that nothing was given.
      resolve(line)
      reader.close()
    })
    reader.once('close', () => reject(new AppError('usage', `No ${name} was given.`, { help: 'Type it, or pipe it in.' })))
  })
}
