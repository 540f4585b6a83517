import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Lease, LeaseOptions, Lock, SqlPort } from './dialect.ts'
import { statement } from './statement.ts'

const row = z.object({ token: z.number() })

const TABLE = `create table if not exists migration_lock (
  name text primary key,
  owner text not null,
  token integer not null,
  heartbeat_at timestamptz not null,
  expires_at timestamptz not null
)`

/** One statement, so that of two who ask one gets it. All times are the server's. */
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
  row: z.object({ owner: z.string(), heartbeat_at: z.string() }),
})

/**
 * A lock that is a row with a lease: it works through connection poolers and on YugabyteDB, where advisory locks and locks on tables do
 * not. A holder that dies is waited for until its lease ends; one that only slept finds its token spent and stops at `confirm`.
 */
export function leaseLock(port: SqlPort, options: LeaseOptions): Lock {
  return async (name) => {
    const owner = `${options.owner} ${randomUUID()}`
    const seconds = options.leaseMs / 1000
    const deadline = performance.now() + options.waitMs
    await ensure(port, TABLE)
    for (;;) {
      const [taken] = await port.rows(take, { name, owner, seconds })
      if (taken) return hold(port, { name, owner, seconds, token: taken.token }, options.leaseMs)
      if (performance.now() > deadline) {
        const [other] = await port.rows(holder, { name })
        throw new AppError(
          'schema-pending',
          `Another process is migrating (${other?.owner.replace(/ \S+$/, '') ?? 'unknown'}), and has not ended in ${options.waitMs / 1000} s.`,
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
  [name: string]: string | number
  name: string
  owner: string
  seconds: number
  token: number
}

function hold(port: SqlPort, held: Held, leaseMs: number): Lease {
  let lost = false
  const confirm = async (through: SqlPort = port): Promise<void> => {
    const [kept] = lost ? [] : await through.rows(keep, held)
    if (kept) return
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
      await port.rows(release, { name: held.name, owner: held.owner, token: held.token })
    },
  }
}
