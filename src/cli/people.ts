import { readFile } from 'node:fs/promises'
import pc from 'picocolors'
import type { PersonReply } from '../api/people-routes.ts'
import type { Config } from '../config.ts'
import { AppError, systemCode } from '../errors.ts'
import { connect, posting, type Client } from './client.ts'
import { print, printJson, table } from './output.ts'

interface Options {
  name?: string
  bot?: boolean
  limit?: string
  dryRun?: boolean
  json?: boolean
}

const USAGE: Record<string, string> = {
  list: 'fairlead people list ada',
  suggest: 'fairlead people suggest',
  dismiss: 'fairlead people dismiss ID',
  import: 'fairlead people import .mailmap --dry-run',
  merge: 'fairlead people merge ada@example.com ada@old.example',
  split: 'fairlead people split ada@example.com ada@old.example',
  save: 'fairlead people save ci@example.com --bot',
}

/** People and their identities. A person is named by an e-mail, a login or the id. */
export async function run(config: Config, action: string, words: readonly string[], options: Options): Promise<void> {
  const least = { list: 0, suggest: 0, dismiss: 1, import: 1, merge: 2, split: 2, save: 1 }[action]
  const most = { list: 1, suggest: 0, dismiss: 1, import: 1, save: 1 }[action] ?? 100
  if (least === undefined || words.length < least || words.length > most) {
    throw new AppError('usage', `people ${[action, ...words].join(' ')} is not known.`, {
      help: USAGE[action] ?? `Known: ${Object.keys(USAGE).join(', ')}.`,
    })
  }
  const client = await connect(config)
  try {
    const [reply, text] = await answer(client, action, words, options)
    if (options.json) printJson(reply)
    else print(text)
  } finally {
    await client.close()
  }
}

/** What the API said, and the same for people. */
async function answer(client: Client, action: string, words: readonly string[], options: Options): Promise<[unknown, string]> {
  const [first = '', ...others] = words
  switch (action) {
    case 'list': {
      const query = new URLSearchParams({ ...(first === '' ? {} : { q: first }), limit: options.limit ?? '100' })
      const reply = await client.json<{ items: PersonReply[]; next: string | null }>(`/v1/people?${query}`)
      return [reply, listText(reply.items, reply.next !== null)]
    }
    case 'suggest': {
      const reply = await client.json<{ items: SuggestionReply[] }>(`/v1/people/suggestions?limit=${options.limit ?? '100'}`)
      return [reply, suggestionsText(reply.items)]
    }
    case 'dismiss': {
      const reply = await client.json('/v1/people/suggestions/dismiss', posting({ id: first }))
      return [reply, 'It is not suggested again.']
    }
    case 'import': {
      const body = { text: await textOf(first), dry_run: options.dryRun ?? false }
      const reply = await client.json<{ changes: string[] }>('/v1/people/mailmap', posting(body))
      const note = options.dryRun && reply.changes.length > 0 ? [pc.dim('Nothing was changed: --dry-run.')] : []
      return [reply, reply.changes.length === 0 ? 'Nothing changes by that.' : [...reply.changes, ...note].join('\n')]
    }
    case 'merge': {
      const into = await personOf(client, first)
      const from = await Promise.all(others.map((one) => personOf(client, one)))
      const reply = await client.json<PersonReply>('/v1/people/merge', posting({ into: into.id, from: from.map((one) => one.id) }))
      return [reply, personText(reply)]
    }
    case 'split': {
      const { id, identities } = await personOf(client, first)
      const asked = others.map((text) => identities.find((one) => isSaid(one, text)) ?? refuse(text, identities))
      const reply = await client.json<{ person: PersonReply; made: PersonReply }>(
        '/v1/people/split',
        posting({ id, identities: asked.map(({ kind, provider, value }) => ({ kind, provider, value })) }),
      )
      return [reply, `${personText(reply.person)}\n\n${personText(reply.made)}`]
    }
    default: {
      const { id } = await personOf(client, first)
      const { name, bot } = options
      const said = { ...(name === undefined ? {} : { name }), ...(bot === undefined ? {} : { is_bot: bot }) }
      if (Object.keys(said).length === 0)
        throw new AppError('usage', 'Nothing is said of them.', { help: 'Give --name, --bot or --no-bot.' })
      const reply = await client.json<PersonReply>('/v1/people/save', posting({ id, ...said }))
      return [reply, personText(reply)]
    }
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-input', `${path} cannot be read: ${systemCode(cause) ?? String(cause)}.`, {
      help: USAGE['import'] as string,
      cause,
    })
  }
}

interface SuggestionReply {
  id: string
  people: Pick<PersonReply, 'name' | 'identities'>[]
  score: number
  reason: string
}

function suggestionsText(items: readonly SuggestionReply[]): string {
  if (items.length === 0) return 'Nobody seems to be two people.'
  const one = ({ name, identities }: SuggestionReply['people'][number]) => `${name}: ${identities.map(identityText).join(', ')}`
  return items
    .flatMap(({ id, people, score, reason }) => [
      `${score.toFixed(2)} ${reason} ${pc.dim(id)}`,
      ...people.map((person) => `  ${one(person)}`),
    ])
    .join('\n')
}

type IdentityReply = PersonReply['identities'][number]

/** `ada@example.com`, `ada`, `github:ada`. */
function isSaid({ provider, value }: IdentityReply, text: string): boolean {
  const plain = text.toLowerCase()
  return value.toLowerCase() === plain || (provider !== '' && `${provider}:${value}`.toLowerCase() === plain)
}

/** The one person whom a text names by id, e-mail, login or name. */
export async function personOf(client: Client, text: string): Promise<PersonReply> {
  const isId = /^[0-9a-f-]{36}$/i.test(text)
  const asked = /^[a-z][\w-]*:/i.test(text) ? text.slice(text.indexOf(':') + 1) : text
  const fitting: PersonReply[] = []
  for (let next: string | null = ''; next !== null;) {
    const query: string = new URLSearchParams({
      ...(isId ? {} : { q: asked }),
      limit: '1000',
      ...(next === '' ? {} : { after: next }),
    }).toString()
    const page: { items: PersonReply[]; next: string | null } = await client.json(`/v1/people?${query}`)
    fitting.push(...page.items.filter((one) => one.id === text.toLowerCase() || one.identities.some((identity) => isSaid(identity, text))))
    if (fitting.length === 0 && page.next === null) fitting.push(...page.items.filter((one) => one.name === text))
    next = page.next
  }
  const [found] = fitting
  if (found === undefined)
    throw new AppError('not-found', `Nobody is known as ${JSON.stringify(text)}.`, { help: `Search with \`${USAGE['list']}\`.` })
  if (fitting.length > 1)
    throw new AppError('invalid-input', `${JSON.stringify(text)} may be ${fitting.map((one) => `${one.name} (${one.id})`).join(' or ')}.`, {
      help: 'Name the person by an e-mail, as github:LOGIN, or by the id.',
    })
  return found
}

function refuse(text: string, identities: readonly IdentityReply[]): never {
  throw new AppError('not-found', `${JSON.stringify(text)} is no identity of theirs.`, {
    help: `Theirs: ${identities.map(identityText).join(', ')}.`,
  })
}

function identityText({ provider, value }: Pick<IdentityReply, 'provider' | 'value'>): string {
  return provider === '' ? value : `${provider}:${value}`
}

function listText(items: readonly PersonReply[], isMore: boolean): string {
  if (items.length === 0)
    return 'Nobody is known by that. People are found in what sources tell: commits, changes, deployments, work items.'
  const rows = items.map((one) => [
    one.is_bot ? `${one.name} ${pc.dim('(bot)')}` : one.name,
    one.identities.map(identityText).join(', '),
    one.teams.join(', '),
    one.last_seen_at?.slice(0, 10) ?? '',
  ])
  return [
    table(['name', 'known as', 'teams', 'last seen'], rows),
    ...(isMore ? [pc.dim('There are more: --limit, or a part of a name.')] : []),
  ].join('\n')
}

function personText({ id, name, is_bot, identities }: PersonReply): string {
  return [`${pc.bold(name)}${is_bot ? ' (bot)' : ''} ${pc.dim(id)}`, ...identities.map((one) => `  ${identityText(one)}`)].join('\n')
}
