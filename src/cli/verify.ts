import type { Config } from '../config.ts'
import type { ChainVerification } from '../operate/verify.ts'
import { connect } from './client.ts'
import { note, print, printJson } from './output.ts'

export async function run(config: Config, options: { json?: boolean }): Promise<number> {
  const client = await connect(config)
  try {
    const found = await client.json<ChainVerification>('/v1/verify')
    if (options.json) printJson(found)
    else if (found.problems.length === 0)
      print(
        `The chain is whole: ${found.records.toLocaleString('en')} records, ${found.journal.records.toLocaleString('en')} of them in the journal still.`,
      )
    else {
      note(`The chain is broken:`)
      for (const problem of found.problems) note(`  ${problem}`)
    }
    return found.problems.length === 0 ? 0 : 3
  } finally {
    await client.close()
  }
}
