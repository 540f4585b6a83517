import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { worklog } from '../../domain/worklog.ts'
import { pulled, utc, type Ask, type Page } from '../../src/connector.ts'
import { walkLists, type List, type ListPage } from '../../src/paging.ts'
import { ABSENT, rest } from './api.ts'
import type { Config } from './config.ts'
import { type FoundIssue, issueLists } from './issue-search.ts'
import { moment, nameOf, numbered, user } from './payload.ts'

export const worklogPayload = z.union([
  z.object({ webhookEvent: z.literal('worklog_deleted'), worklog: z.object({ id: numbered }) }),
  z.object({
    issue: z.object({ key: z.string().min(1) }),
    worklog: z.object({ id: numbered, author: user.nullish(), started: moment, timeSpentSeconds: z.number() }),
  }),
])

type WorklogPayload = z.output<typeof worklogPayload>
const logs = z.object({ worklogs: z.array(z.looseObject({ id: z.string() })), total: z.number().nullish() })

const deletedLogs = z.object({
  values: z.array(z.object({ worklogId: z.number(), updatedTime: z.number() })),
  lastPage: z.boolean().nullish(),
  until: z.number().nullish(),
})

export async function* pullWorklogs(ask: Ask<Config>): AsyncGenerator<Page> {
  const read = async (one: FoundIssue) => {
    const found = await worklogsOf(ask, one)
    // What somebody wrote about their hours is nobody's business here.
    return found.map(({ comment: _comment, ...log }) =>
      pulled(log.id, utc(one.fields.updated), { issue: { id: one.id, key: one.key }, worklog: log }),
    )
  }
  const deleted: List = {
    key: 'deleted',
    async page({ since }, page): Promise<ListPage> {
      const query = { since: page ?? (since === null ? 0 : Date.parse(since)) }
      const { status, body } = await ask.http.get(rest(ask.config, '/worklog/deleted'), { query, allow: ABSENT })
      if (status >= 300) return { items: [], next: null }
      const { values, lastPage, until } = deletedLogs.parse(body)
      const items = values.map(({ worklogId, updatedTime }) =>
        pulled(String(worklogId), new Date(updatedTime).toISOString(), { webhookEvent: 'worklog_deleted', worklog: { id: worklogId } }),
      )
      return { items, next: lastPage === false && until && String(until) !== page ? String(until) : null }
    },
  }
  yield* walkLists(ask, 'worklogs', [...issueLists(ask, { fields: ['updated', 'worklog'] }, read), deleted])
}

/** A search gives the first twenty worklogs of an issue. */
async function worklogsOf({ http, config }: Ask<Config>, one: FoundIssue) {
  const first = logs.safeParse(one.fields['worklog']).data
  const given = first?.worklogs ?? []
  if ((first?.total ?? given.length) <= given.length) return given
  const all: typeof given = []
  const path = rest(config, `/issue/${encodeURIComponent(one.id)}/worklog`)
  for (;;) {
    const { status, body } = await http.get(path, { query: { startAt: all.length, maxResults: 1_000 }, allow: [404] })
    if (status === 404) return given
    const { worklogs, total } = logs.parse(body)
    all.push(...worklogs)
    if (worklogs.length === 0 || all.length >= (total ?? 0)) return all
  }
}

export function worklogRows(payload: WorklogPayload): DomainRows {
  if ('webhookEvent' in payload) return {}
  const { issue, worklog: told } = payload
  const row = rowOf(worklog, {
    id: String(told.id),
    work_item_id: issue.key,
    author: nameOf(told.author),
    started_at: utc(told.started),
    seconds: told.timeSpentSeconds,
  })
  return { worklogs: [row] }
}
