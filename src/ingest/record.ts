import type { Connector } from '../connector.ts'
import type { Source } from '../source/sources.ts'
import { askOf, type Asking } from './asking.ts'
import type { Exchange } from './http.ts'
import { pulledStreams } from './pull.ts'

/**
 * Pulls a source without keeping anything and gives what was asked and answered, as the lines of a fixture's `api.ndjson`. People, addresses and
 * whatever looks like a credential are replaced, each always by the same, so that what belonged together still does.
 */
export async function recordSource(
  asking: Asking,
  source: Pick<Source, 'name' | 'connector'>,
  connector: Connector,
  config: unknown,
  options: {
    streams?: readonly string[] | undefined
    since?: string | undefined
    signal: AbortSignal
    pages: number
    progress(done: number, total: number | null, what: string): void
  },
): Promise<Exchange[]> {
  const exchanges: Exchange[] = []
  const seen = new Set<string>()
  const scrub = scrubber(connector.api?.(config).base ?? '')
  for (const name of pulledStreams(source, connector, config, options.streams)) {
    const ask = askOf(asking, connector, config, {
      signal: options.signal,
      since: options.since ?? null,
      progress: (done, total, what) => options.progress(done, total, `${what} of ${name}`),
      onExchange(exchange) {
        const scrubbed = scrub(exchange)
        const key = JSON.stringify(scrubbed.request)
        if (!seen.has(key)) exchanges.push(scrubbed)
        seen.add(key)
      },
    })
    let pages = 0
    for await (const _page of connector.streams[name]?.pull?.(ask as never) ?? []) if (++pages >= options.pages) break
  }
  return exchanges
}

const EMAIL = /[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}/gi
const CREDENTIAL =
  /\b(?:gh[pousr]_\w{20,}|github_pat_\w+|glpat-[\w-]+|xox[abprs]-[\w-]+|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g
/** Fields that name a person. */
const PERSON = new Set([
  'login',
  'username',
  'user_name',
  'displayName',
  'display_name',
  'author_name',
  'committer_name',
  'fullName',
  'full_name_of_user',
  'accountId',
])
const GONE = new Set(['avatar_url', 'avatarUrls', 'gravatar_id', 'avatarUrl', 'avatar'])

function scrubber(base: string): (exchange: Exchange) => Exchange {
  const people = new Map<string, string>()
  const personOf = (name: string): string => {
    const standing = people.get(name)
    if (standing !== undefined) return standing
    const made = `person-${people.size + 1}${name.endsWith('[bot]') ? '[bot]' : ''}`
    people.set(name, made)
    return made
  }
  const text = (value: string): string =>
    value
      .replaceAll(base === '' ? '\u0000' : base, '{base}')
      .replaceAll(EMAIL, (address) => `${personOf(address.toLowerCase())}@example.org`)
      .replaceAll(CREDENTIAL, 'scrubbed')
  const any = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return PERSON.has(key) ? personOf(value) : text(value)
    if (Array.isArray(value)) return value.map((one) => any(one, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).flatMap(([name, one]) => (GONE.has(name) ? [] : [[name, any(one, name)]])))
  }
  return (exchange) => any(exchange, '') as Exchange
}
