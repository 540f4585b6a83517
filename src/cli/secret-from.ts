import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { ask } from './ask.ts'
import { fromVariable } from './from-variable.ts'

/** A credential as `env:VARIABLE` or `file:PATH` names it, else asked for: it never stands on the command line. `option` is how that was written. */
export async function secretFrom(name: string, from: string | null, option: string, config: Config): Promise<string> {
  if (from === null) return ask(name)
  if (from.startsWith('env:')) return fromVariable(config, from)
  if (from.startsWith('file:')) {
    const value = await readFile(from.slice(5), 'utf8').catch((cause: unknown) => {
      throw new AppError('usage', `${from.slice(5)} cannot be read.`, { help: 'Give the path of a file that holds the credential.', cause })
    })
    return value.trimEnd()
  }
  throw new AppError('usage', 'A credential is not given on the command line, which everyone on this machine can see.', {
    help: `Use ${option} (asks for it), or behind it env:VARIABLE or file:PATH.`,
  })
}
