import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import type { Journal } from './journal.ts'

const highest = statement({
  name: 'journal.highest_in_store',
  sql: 'SELECT max(seq) AS seq FROM all_raw',
  row: z.object({ seq: z.coerce.number() }),
})

/**
 * The numbers of the journal name the rows of the raw log. A store that holds higher ones was filled from another journal — a second server, or
 * one whose journal was lost — and going on would write over them.
 */
export async function requireSameJournal(analytics: Analytics, journal: Journal, directory: string): Promise<void> {
  const [found] = await analytics.readAsWriter(highest)
  const { head } = journal.stats()
  if (found === undefined || found.seq <= head) return
  throw new AppError(
    'data-directory',
    `The analytics store holds record ${found.seq}, and the journal in ${directory} ends at ${head}: it is not the journal of this store.`,
    {
      help: 'Put the journal of this store back (the folder `journal` of its data directory), or use another analytics store. Each store takes one server.',
    },
  )
}
