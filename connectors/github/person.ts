import { z } from 'zod'
import { time } from './payload.ts'

export const user = z.object({ login: z.string(), type: z.string().optional() }).nullish()

export const gitActor = z.object({ name: z.string().nullish(), email: z.string().nullish(), date: time.nullish() }).nullish()

export type User = z.output<typeof user>

/** `ghost` stands where an account was deleted. */
export const loginOf = (one: User) => (one === null || one === undefined || one.login === 'ghost' ? null : one.login)
export const isBot = (one: User) => one?.type === 'Bot' || one?.login.endsWith('[bot]') === true

export const ACTOR = 'login type:__typename'

/** REST calls a bot `renovate[bot]` what GraphQL calls `renovate`. */
export const actorOf = (one: User) =>
  one === null || one === undefined
    ? null
    : one.type === 'Bot' && !one.login.endsWith('[bot]')
      ? { ...one, login: `${one.login}[bot]` }
      : one
export const actorNode = z.object({ login: z.string(), type: z.string().optional() }).nullish().transform(actorOf)
