import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { looseText } from '../../domain/loose.ts'
import { repository } from '../../domain/repository.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import { addressOf } from '../../src/git/refs.ts'
import type { Config } from './config.ts'
import { walk, type Lake, type Row } from './lake.ts'
import { DERIVED, byFairlead } from './fairlead.ts'
import { nameOf, safeUrl } from './value.ts'

export const repositoryRowPayload = z.object({ id: z.string(), name: looseText(), url: looseText(), fairlead: byFairlead })

export const pullRepositories = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, { table: 'repos', payloads: async (_lake, rows) => rows.map((row) => ({ ...row, url: safeUrl(row['url']) })) })

export function repositoryRows(row: z.output<typeof repositoryRowPayload>): DomainRows {
  if (row.fairlead === DERIVED) return {}
  const id = row.fairlead === undefined ? nameOf(row) : row.name
  if (id === null) throw new Error('the repository has neither a name nor an address')
  return { repositories: [rowOf(repository, { id, title: id, url: addressOf(row.url ?? ''), previous_names: [] })] }
}

/** Repositories by their ids, as they stand in a payload. */
export async function repositoriesOf(lake: Pick<Lake, 'rows'>, ids: Iterable<unknown>): Promise<(id: unknown) => Row | null> {
  const found = new Map(
    (await lake.rows('repos', 'id', ids)).map(({ id, name, url, fairlead }) => [
      id,
      // What Fairlead wrote is called as it says, whatever its address.
      { name, url: fairlead === undefined ? safeUrl(url) : null },
    ]),
  )
  return (id) => found.get(id) ?? null
}
