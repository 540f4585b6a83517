import { mkdir, open, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { systemCode } from '../errors.ts'
import type { JournalRecord } from './journal.ts'

/** Items that the analytics store itself refused: a file each, with the bytes and the reason, so that the rest goes on. */
export interface Quarantine {
  put(record: JournalRecord, reason: string): Promise<void>
  /** Those of a source, the newest first. */
  of(org: string, source: string): Promise<Quarantined[]>
}

const file = z.object({
  org: z.string(),
  source: z.string(),
  seq: z.number(),
  stream: z.string(),
  id: z.string(),
  received_at: z.string(),
  reason: z.string(),
})
export type Quarantined = Omit<z.infer<typeof file>, 'org' | 'source'>

export function openQuarantine(directory: string): Quarantine {
  return {
    async put(record, reason) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const written = await open(join(directory, `${record.seq}.json`), 'w', 0o600)
      try {
        const payload = Buffer.from(record.payload).toString('base64')
        await written.writeFile(JSON.stringify({ ...record, payload, encoding: 'base64', reason }))
        await written.datasync()
      } finally {
        await written.close()
      }
    },
    async of(org, source) {
      const names = await readdir(directory).catch((thrown: unknown) => {
        if (systemCode(thrown) === 'ENOENT') return []
        throw thrown
      })
      const found: Quarantined[] = []
      for (const name of names.filter((one) => /^\d+\.json$/.test(one)).sort((a, b) => Number.parseInt(b) - Number.parseInt(a))) {
        const parsed = file.safeParse(JSON.parse(await readFile(join(directory, name), 'utf8')))
        if (!parsed.success || parsed.data.org !== org || parsed.data.source !== source) continue
        const { org: _org, source: _source, ...one } = parsed.data
        found.push(one)
        if (found.length >= 50) break
      }
      return found
    },
  }
}
