import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { AppError } from '../errors.ts'
import { letGoOfInput, standardInput } from './input.ts'

/** Asked on the terminal without being shown; from a pipe the first line is taken. */
export function ask(name: string): Promise<string> {
  const input = standardInput()
  const isTerminal = input === process.stdin && process.stdin.isTTY === true
  if (isTerminal) process.stderr.write(`${name}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input, output: silent, terminal: isTerminal })
  return new Promise((resolve, reject) => {
    reader.once('line', (line) => {
      if (isTerminal) process.stderr.write('\n')
      // Before closing, which says in the same turn that nothing was given.
      resolve(line)
      reader.close()
      letGoOfInput()
    })
    reader.once('close', () => reject(new AppError('usage', `No ${name} was given.`, { help: 'Type it, or pipe it in.' })))
  })
}
