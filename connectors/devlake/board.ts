import { z } from 'zod'
import { board } from '../../domain/board.ts'
import { rowOf } from '../../domain/entity.ts'
import { looseText } from '../../domain/loose.ts'
import { sprint } from '../../domain/sprint.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { DERIVED, byFairlead } from './fairlead.ts'
import { walk } from './lake.ts'
import { date } from './value.ts'

export const boardPayload = z.object({ id: z.string(), name: looseText(), url: looseText(), type: looseText(), fairlead: byFairlead })

export const pullBoards = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, { table: 'boards', payloads: async (_lake, rows) => [...rows] })

export function boardRows({ id, name, url, type, fairlead }: z.output<typeof boardPayload>): DomainRows {
  if (fairlead === DERIVED) return {}
  return { boards: [rowOf(board, { id, name: name ?? id, kind: type, url })] }
}

export const sprintPayload = z.object({
  id: z.string(),
  name: looseText(),
  url: looseText(),
  status: looseText(),
  started_date: date(),
  ended_date: date(),
  completed_date: date(),
  original_board_id: looseText(),
})

export const pullSprints = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, { table: 'sprints', payloads: async (_lake, rows) => [...rows] })

const STATE: Record<string, 'planned' | 'active' | 'closed'> = { FUTURE: 'planned', ACTIVE: 'active', CLOSED: 'closed' }

export function sprintRows(row: z.output<typeof sprintPayload>): DomainRows {
  const guessed = row.completed_date !== null ? 'closed' : row.started_date !== null ? 'active' : 'planned'
  const told = rowOf(sprint, {
    id: row.id,
    board_id: row.original_board_id,
    name: row.name ?? row.id,
    state: STATE[row.status?.toUpperCase() ?? ''] ?? guessed,
    started_at: row.started_date,
    ends_at: row.ended_date,
    completed_at: row.completed_date,
    url: row.url,
  })
  return { sprints: [told] }
}
