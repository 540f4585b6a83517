import { z } from 'zod'
import { board } from '../../domain/board.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { walkLists } from '../../src/paging.ts'
import { listOf, readAll, type Values } from './api.ts'
import type { Config } from './config.ts'
import { distinct, numbered, pageOf } from './payload.ts'

/** All boards in one, so that one that is gone is gone. */
export const boardsPayload = z.object({
  boards: z.array(
    z.object({
      id: numbered,
      name: z.string(),
      type: z.string().nullish(),
      location: z.object({ projectKey: z.string().nullish() }).nullish(),
    }),
  ),
})

type BoardsPayload = z.output<typeof boardsPayload>

export async function readBoards(ask: Ask<Config>): Promise<Values | null> {
  const { projects } = ask.config
  if (projects.length === 0) return readAll(ask, '/rest/agile/1.0/board')
  const found: Values[] = []
  for (const projectKeyOrId of projects) found.push((await readAll(ask, '/rest/agile/1.0/board', { projectKeyOrId })) ?? [])
  return [...new Map(found.flat().map((one) => [String(one.id), one])).values()]
}

export function pullBoards(ask: Ask<Config>): AsyncGenerator<Page> {
  const all = listOf('all', async () => {
    const boards = await readBoards(ask)
    return { items: boards === null ? [] : [pulled('boards', null, { boards })], next: null }
  })
  return walkLists(ask, 'boards', [all])
}

export function boardRows({ boards }: BoardsPayload, _raw: Raw, config: Config): DomainRows {
  const rows = boards.map(({ id, name, type, location }) => {
    const url = pageOf(config, `/secure/RapidBoard.jspa?rapidView=${id}`)
    return rowOf(board, { id: String(id), name, project: location?.projectKey, kind: type, url })
  })
  return { boards: distinct(rows) }
}
