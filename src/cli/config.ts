import pc from 'picocolors'
import type { Config } from '../config.ts'
import { print, printJson, table } from './output.ts'

export async function run(config: Config, options: { json?: boolean }): Promise<void> {
  if (options.json) return printJson(config.origins)
  print(
    table(
      ['setting', 'value', 'from'],
      config.origins.map((one) => [one.name, one.value ?? pc.dim('unset'), one.origin]),
    ),
  )
}
