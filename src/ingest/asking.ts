import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { Ask, Connector, Git } from '../connector.ts'
import type { Log } from '../log.ts'
import { instant } from '../clock.ts'
import { noHttp } from './ask.ts'
import type { AddressRules } from './http-address.ts'
import type { Budget } from './http-limits.ts'
import { createHttp, type Exchange } from './http.ts'

/** Everything that every `ask` has in common. */
export interface Asking {
  readonly git: Git
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
}

/** What a connector is given to ask with, for one stream or for a check. */
export function askOf(
  { git, dispatcher, rules, clock, log, sleep }: Asking,
  connector: Connector,
  config: unknown,
  options: AskOptions,
): Ask<unknown> {
  const { signal, cursor = null, since = null, until = null, progress = () => {}, onBudget, onExchange } = options
  const api = connector.api?.(config)
  const http =
    api === undefined
      ? noHttp
      : createHttp({
          api,
          dispatcher,
          rules,
          signal,
          clock,
          log,
          onWait: (ms, reason) => progress(0, null, `waiting ${Math.ceil(ms / 1000)} s: ${reason}`),
          ...(onBudget === undefined ? {} : { onBudget }),
          ...(onExchange === undefined ? {} : { onExchange }),
          ...(sleep === undefined ? {} : { sleep }),
        })
  return { config, cursor, since, until, begun: instant(clock.now()), git, http, signal, log, progress }
}
