import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { sprint } from '../../domain/sprint.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, utc, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { walkLists } from '../../src/paging.ts'
import { listOf, readValues } from './api.ts'
import { readBoards } from './board.ts'
import type { Config } from './config.ts'
import { moment, numbered, pageOf } from './payload.ts'

const sprintFacts = z.object({
  id: numbered,
  name: z.string(),
  state: z.string(),
  startDate: moment.nullish(),
  endDate: moment.nullish(),
  completeDate: moment.nullish(),
  originBoardId: numbered.nullish(),
  goal: z.string().nullish(),
})

export const sprintPayload = z.union([z.object({ webhookEvent: z.string(), sprint: sprintFacts }), sprintFacts])
type SprintPayload = z.output<typeof sprintPayload>

export async function* pullSprints(ask: Ask<Config>): AsyncGenerator<Page> {
  const boards = ((await readBoards(ask)) ?? []).filter((one) => one['type'] !== 'kanban')
  const lists = boards.map(({ id }) =>
    listOf(`board ${id}`, async (page) => {
      const found = await readValues(ask, `/rest/agile/1.0/board/${id}/sprint`, page)
      return { items: (found?.values ?? []).map((one) => pulled(String(one.id), null, one)), next: found?.next ?? null }
    }),
  )
  yield* walkLists(ask, 'sprints', lists)
}

const SPRINT_STATE: Record<string, 'planned' | 'active' | 'closed'> = { future: 'planned', active: 'active', closed: 'closed' }

export function sprintRows(payload: SprintPayload, _raw: Raw, config: Config): DomainRows {
  if ('webhookEvent' in payload && payload.webhookEvent === 'sprint_deleted') return {}
  const told = 'webhookEvent' in payload ? payload.sprint : payload
  const boardId = told.originBoardId === null || told.originBoardId === undefined ? null : String(told.originBoardId)
  const row = rowOf(sprint, {
    id: String(told.id),
    board_id: boardId,
    name: told.name,
    state: SPRINT_STATE[told.state.toLowerCase()] ?? 'planned',
    started_at: told.startDate ? utc(told.startDate) : null,
    ends_at: told.endDate ? utc(told.endDate) : null,
    completed_at: told.completeDate ? utc(told.completeDate) : null,
    goal: told.goal || null,
    url: boardId === null ? null : pageOf(config, `/secure/RapidBoard.jspa?rapidView=${boardId}&sprint=${told.id}`),
  })
  return { sprints: [row] }
}

const sprintReference = z.object({ id: z.number().int(), name: z.string(), state: z.string() })

/** Data Center prints the object that it has: `com.atlassian.greenhopper.service.sprint.Sprint@1f[id=12,rapidViewId=3,…]`. */
const PRINTED_SPRINT = /^com\.atlassian\.greenhopper\.service\.sprint\.Sprint@[^[]*\[(?:.*,)?id=(\d+),/

function sprintsIn(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const ids: string[] = []
  for (const one of value) {
    const id = typeof one === 'string' ? PRINTED_SPRINT.exec(one)?.[1] : sprintReference.safeParse(one).data?.id
    if (id === undefined) return null
    ids.push(String(id))
  }
  return [...new Set(ids)]
}

/** All sprints that an issue was carried through, in the field that is named or in the one that looks like it. */
export function sprintIds(all: Record<string, unknown>, { sprint_field }: Config): string[] {
  if (sprint_field !== undefined) return sprintsIn(all[sprint_field]) ?? []
  for (const [name, value] of Object.entries(all)) {
    const ids = name.startsWith('customfield_') ? sprintsIn(value) : null
    if (ids !== null) return ids
  }
  return []
}
