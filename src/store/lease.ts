import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Lease, LeaseOptions, Lock, SqlPort } from './dialect.ts'
import { statement } from './statement.ts'

/** How a store says it. All times are the server's. */
export interface LeaseSql {
  readonly table: string
  /** The token, when the row was free; of two who ask one gets it. */
  take(port: SqlPort, wanted: { name: string; owner: string; seconds: number }): Promise<number | null>
  /** Whether it is still ours; then it is ours for as long again. */
  keep(port: SqlPort, held: Held): Promise<boolean>
  release(port: SqlPort, held: Held): Promise<void>
  holder(port: SqlPort, name: string): Promise<{ owner: string; heartbeat_at: string } | null>
}

export const leaseHolder = z.object({ owner: z.string(), heartbeat_at: z.string() })
const row = z.object({ token: z.number() })

/** One statement, so that of two who ask one gets it. */
const take = statement({
  name: 'migration.take_lock',
  sql: `insert into migration_lock as held (name, owner, token, heartbeat_at, expires_at)
values ({name:text}, {owner:text}, 1, now(), now() + {seconds:double precision} * interval '1 second')
on conflict (name) do update set owner = excluded.owner, token = held.token + 1, heartbeat_at = now(), expires_at = excluded.expires_at
where held.expires_at < now()
returning token`,
  row,
})

const keep = statement({
  name: 'migration.keep_lock',
  sql: `update migration_lock set heartbeat_at = now(), expires_at = now() + {seconds:double precision} * interval '1 second'
where name = {name:text} and owner = {owner:text} and token = {token:integer} and expires_at > '-infinity' returning token`,
  row,
})

const release = statement({
  name: 'migration.release_lock',
  sql: `update migration_lock set expires_at = '-infinity' where name = {name:text} and owner = {owner:text} and token = {token:integer}`,
  row: z.unknown(),
})

const holder = statement({
  name: 'migration.lock_holder',
  sql: `select owner, heartbeat_at from migration_lock where name = {name:text}`,
  row: leaseHolder,
})

const POSTGRES: LeaseSql = {
  table: `create table if not exists migration_lock (
  name text primary key,
  owner text not null,
  token integer not null,
  heartbeat_at timestamptz not null,
  expires_at timestamptz not null
)`,
  take: async (port, wanted) => (await port.rows(take, wanted))[0]?.token ?? null,
  keep: async (port, held) => (await port.rows(keep, held)).length > 0,
  release: async (port, { name, owner, token }) => void (await port.rows(release, { name, owner, token })),
  holder: async (port, name) => (await port.rows(holder, { name }))[0] ?? null,
}

/**
 * A lock that is a row with a lease: it works through connection poolers and on YugabyteDB, where advisory locks and locks on tables do
 * not. A holder that dies is waited for until its lease ends; one that only slept finds its token spent and stops at `confirm`.
 */
export function leaseLock(port: SqlPort, options: LeaseOptions, sql: LeaseSql = POSTGRES): Lock {
  return async (name) => {
    const owner = `${options.owner} ${randomUUID()}`
    const seconds = options.leaseMs / 1000
    const deadline = performance.now() + options.waitMs
    await ensure(port, sql.table)
    for (;;) {
      const token = await sql.take(port, { name, owner, seconds })
      if (token !== null) return hold(port, { name, owner, seconds, token }, options.leaseMs, sql)
      if (performance.now() > deadline) {
        const other = await sql.holder(port, name)
        throw new AppError(
          'schema-pending',
          `Another process is ${options.doing ?? 'migrating'} (${other?.owner.replace(/ \S+$/, '') ?? 'unknown'}), and has not ended in ${options.waitMs / 1000} s.`,
          {
            help: 'Wait for it; the lock of a process that died is free again after a few seconds.',
            detail: { heartbeat_at: other?.heartbeat_at ?? null },
          },
        )
      }
      await sleep(100 + Math.random() * 200)
    }
  }
}

/** Two processes that make one table in the same moment: `if not exists` does not keep PostgreSQL from failing one of them. */
export async function ensure(port: SqlPort, createIfNotExists: string): Promise<void> {
  await port.run(createIfNotExists).catch(() => sleep(200).then(() => port.run(createIfNotExists)))
}

interface Held {
  readonly [name: string]: string | number
  name: string
  owner: string
  seconds: number
  token: number
}

function hold(port: SqlPort, held: Held, leaseMs: number, sql: LeaseSql): Lease {
  let lost = false
  const confirm = async (through: SqlPort = port): Promise<void> => {
    if (!lost && (await sql.keep(through, held))) return
    lost = true
    throw new AppError(
      'schema-pending',
      'Another process took over the migration, because this one was silent for longer than its lease.',
      {
        help: 'Nothing is broken: run `fairlead migrate status` to see where it stands.',
      },
    )
  }
  // A failed heartbeat is not yet a loss: the next `confirm` tells.
  const heartbeat = setInterval(() => confirm().catch(() => {}), leaseMs / 3).unref()
  return {
    token: held.token,
    confirm,
    release: async () => {
      clearInterval(heartbeat)
      await sql.release(port, held)
    },
  }
}
