import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { Ask, Connector, Database, Git, Http } from '../connector.ts'
import type { Log } from '../log.ts'
import type { Secret } from '../secret.ts'
import { instant } from '../clock.ts'
import { noHttp } from './ask.ts'
import type { AddressRules } from './http-address.ts'
import type { Budget } from './http-limits.ts'
import { createHttp, type Exchange } from './http.ts'

/** Everything that every `ask` has in common. */
export interface Asking {
  readonly git: Git
  /** Of databases: one connection pool for each address. */
  database(uri: Secret): Promise<Database>
  readonly dispatcher: Dispatcher
  readonly rules: AddressRules
  readonly clock: Clock
  readonly log: Log
  /** For tests: what waiting is. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

export interface AskOptions {
  readonly signal: AbortSignal
  readonly cursor?: string | null
  readonly since?: string | null
  readonly until?: string | null
  progress?(done: number, total: number | null, what: string): void
  onBudget?(budget: Budget): void
  onExchange?(exchange: Exchange): void
  /** A person waits for the answer. */
  readonly isHasty?: boolean
}

/** What a connector is given to ask with, for one stream or for a check. `http`: of an earlier one, so that what it was granted and what is left to it goes on. */
export function askOf(asking: Asking, connector: Connector, config: unknown, options: AskOptions & { http?: Http }): Ask<unknown> {
  const { git, database, clock, log } = asking
  const { signal, cursor = null, since = null, until = null, progress = () => {} } = options
  const http = options.http ?? httpOf(asking, connector, config, options)
  return { config, cursor, since, until, begun: instant(clock.now()), git, http, database, signal, log, progress }
}

export function httpOf({ dispatcher, rules, clock, log, sleep }: Asking, connector: Connector, config: unknown, options: AskOptions): Http {
  const { signal, progress, onBudget, onExchange, isHasty } = options
  const api = connector.api?.(config)
  if (api === undefined) return noHttp
  return createHttp({
    api,
    dispatcher,
    rules,
    signal,
    clock,
    log,
    onWait: (ms, reason) => progress?.(0, null, `waiting ${Math.ceil(ms / 1000)} s: ${reason}`),
    ...(onBudget === undefined ? {} : { onBudget }),
    ...(onExchange === undefined ? {} : { onExchange }),
    ...(sleep === undefined ? {} : { sleep }),
    ...(isHasty === undefined ? {} : { isHasty }),
  })
}
