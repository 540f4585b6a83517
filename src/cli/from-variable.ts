import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'

/** What a variable of the environment holds, named as `env:VARIABLE`: a credential on the command line is seen by everyone on the machine. */
export function fromVariable(config: Config, named: string): string {
  const variable = named.slice('env:'.length)
  const value = config.environment[variable]
  if (value === undefined || value === '')
    throw new AppError('usage', `The variable ${variable} is not set.`, { help: 'Export it in the shell from which the command is run.' })
  return value
}
