import pc from 'picocolors'
import type { Config } from '../config.ts'
import type { Gap } from '../measure/gaps.ts'
import { connect } from './client.ts'
import { print, printJson } from './output.ts'

/** What the figures do not know, with examples and what would mend it. */
export async function run(config: Config, options: { days: string; offset?: string; json?: boolean }): Promise<void> {
  const client = await connect(config)
  try {
    const query = new URLSearchParams({ days: options.days, ...(options.offset === undefined ? {} : { offset: options.offset }) })
    const reply = await client.json<{ window: { from: string; to: string }; items: Gap[] }>(`/v1/gaps?${query}`)
    if (options.json) return printJson(reply)
    if (reply.items.length === 0) return print(`No gaps between ${reply.window.from} and ${reply.window.to}.`)
    for (const gap of reply.items) {
      print(`${pc.bold(gap.text)}.`)
      print(`  ${pc.dim(gap.remedy)}`)
      for (const one of gap.items.slice(0, 5))
        print(
          `  ${one.at}  ${[one.service ?? one.repository, gap.code === 'environment_unknown' ? `${one.id}, ${one.title}` : (one.title ?? one.id)].filter(Boolean).join('  ')}`,
        )
      if (gap.count > 5) print(`  … and ${gap.count - 5} more`)
      print('')
    }
  } finally {
    await client.close()
  }
}
