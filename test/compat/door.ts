import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Server } from '../server.ts'

/** What the suites of the doors ask the program, over HTTP as everyone does. */
export interface Row {
  readonly [column: string]: unknown
}

/** Waits until everything that was taken is in every read. */
export async function settled(server: Server): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await server.get<{ lag_seconds: number }>('/v1/status')).lag_seconds === 0) return
    await sleep(50)
  }
  throw new Error('what was taken is not in every read after 10 s')
}

export async function listed(server: Server, path: string): Promise<Row[]> {
  await settled(server)
  return (await server.get<{ items: Row[] }>(path)).items
}

/** What is kept of a source: how many deliveries, and how many of them could not be read. */
export async function kept(server: Server, source: string): Promise<{ items: number; unread: number } | null> {
  await settled(server)
  const { sources } = await server.get<{ sources: { name: string; items: number; unread: number }[] }>('/v1/status')
  const found = sources.find((one) => one.name === source)
  return found === undefined ? null : { items: found.items, unread: found.unread }
}

export async function sourceNames(server: Server): Promise<string[]> {
  return (await server.get<{ items: { name: string; connector: string }[] }>('/v1/sources')).items.map(
    (one) => `${one.name} (${one.connector})`,
  )
}

/** One request with headers of its own: the senders of the doors do not know ours. */
export async function send(server: Server, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  return fetch(new URL(path, server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : body === undefined ? null : JSON.stringify(body),
  })
}

export async function expectStatus(answer: Response | Promise<Response>, status: number): Promise<string> {
  const found = await answer
  const text = await found.text()
  expect([found.status, found.status === status ? '' : text]).toEqual([status, ''])
  return text
}

/** `days` ago, at an hour of that day in UTC, as RFC 3339. */
export function ago(days: number, hour = '09:00:00'): string {
  return `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)}T${hour}Z`
}
