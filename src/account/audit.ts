import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'

/** Who did something, and from where. */
export interface Actor {
  readonly org: string | null
  readonly type: 'user' | 'token' | 'session' | 'process' | 'system'
  readonly id: string | null
  readonly name: string
  readonly address: string | null
  readonly agent: string | null
}

export interface AuditEntry {
  /** `noun.verb` in the past tense: `member.added`. */
  readonly action: string
  readonly target: { readonly type: string; readonly id: string; readonly name?: string }
  /** Never with a credential in it. */
  readonly before?: unknown
  readonly after?: unknown
}

const auditRow = z.object({
  id: z.string(),
  at: z.string(),
  actor_type: z.enum(['user', 'token', 'session', 'process', 'system']),
  actor_id: z.string().nullable(),
  actor_name: z.string(),
  action: z.string(),
  target_type: z.string(),
  target_id: z.string(),
  target_name: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
})
export type AuditRow = z.infer<typeof auditRow>

/** Writes the entry of a change through the transaction of that change, so that neither is there without the other. */
export type Note = (entry: AuditEntry, through: Queries) => Promise<void>

/** Who changed what: append-only, which the table itself enforces. */
export interface Audit {
  /** `through` is the transaction of the change, so that neither is there without the other. */
  note(actor: Actor, entry: AuditEntry, through?: Queries): Promise<void>
  /** For who changes something without knowing who asked for it. */
  by(actor: Actor): Note
  /** Newest first, of one organization; `after` is the last entry of the page before. */
  page(org: string, asked: AuditPage): Promise<AuditRow[]>
}

export interface AuditPage {
  readonly limit: number
  readonly after?: { readonly at: string; readonly id: string } | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly action?: string | undefined
  readonly actor?: string | undefined
}

const insertEntry = statement({
  name: 'audit.note',
  sql: `INSERT INTO audit_log (id, org_id, at, actor_type, actor_id, actor_name, action, target_type, target_id, target_name, before, after, address, agent)
VALUES ({id:uuid}, {org:uuid}, {now:timestamptz}, {actor_type:text}, {actor_id:text}, {actor_name:text}, {action:text}, {target_type:text}, {target_id:text},
  {target_name:text}, {before:jsonb}, {after:jsonb}, {address:text}, {agent:text})`,
  row: noRow,
})
const pageOfEntries = statement({
  name: 'audit.page',
  sql: `SELECT ${Object.keys(auditRow.shape).join(', ')} FROM audit_log
WHERE org_id = {org:uuid}
  AND ({after_at:timestamptz} IS NULL OR (at, id) < ({after_at:timestamptz}, {after_id:uuid}))
  AND ({from:timestamptz} IS NULL OR at >= {from:timestamptz}) AND ({to:timestamptz} IS NULL OR at < {to:timestamptz})
  AND ({action:text} IS NULL OR action = {action:text}) AND ({actor:text} IS NULL OR actor_id = {actor:text} OR actor_name = {actor:text})
ORDER BY at DESC, id DESC LIMIT {limit:integer}`,
  row: auditRow,
})

export function openAudit({ semantic, clock }: { semantic: Semantic; clock: Clock }): Audit {
  const audit: Audit = {
    async note(actor, { action, target, before, after }, through = semantic) {
      await through.query(insertEntry, {
        id: randomUUID(),
        org: actor.org,
        now: instant(clock.now()),
        actor_type: actor.type,
        actor_id: actor.id,
        actor_name: actor.name,
        action,
        target_type: target.type,
        target_id: target.id,
        target_name: target.name ?? null,
        before: before === undefined ? null : JSON.stringify(before),
        after: after === undefined ? null : JSON.stringify(after),
        address: actor.address,
        agent: actor.agent,
      })
    },
    by: (actor) => (entry, through) => audit.note(actor, entry, through),
    page: (org, { limit, after, from, to, action, actor }) =>
      semantic.query(pageOfEntries, {
        org,
        limit,
        after_at: after?.at ?? null,
        after_id: after?.id ?? null,
        from: from ?? null,
        to: to ?? null,
        action: action ?? null,
        actor: actor ?? null,
      }),
  }
  return audit
}
