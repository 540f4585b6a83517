import { readFile } from 'node:fs/promises'
import pc from 'picocolors'
import type { Config } from '../config.ts'
import { AppError, systemCode } from '../errors.ts'
import { connect, posting, type Client } from './client.ts'
import { print, printJson, table } from './output.ts'
import { members, type MemberOptions } from './team-members.ts'

interface Options extends MemberOptions {
  name?: string
  description?: string
  parent?: string
  precedence?: string
  dryRun?: boolean
  accept?: boolean
  source?: string
  team?: string
  json?: boolean
}
interface Rule {
  id: string
  kind: string
  pattern: string
  precedence: number
}
interface TeamReply {
  slug: string
  name: string
  description: string | null
  parent: string | null
  members: number
  owns: number
  repositories: number
  services: number
}
type TeamDetail = Omit<TeamReply, 'owns' | 'members'> & {
  members: { name: string; valid_to: string | null; role: string | null }[]
  owns: Rule[]
  matched: { repositories: string[]; services: string[] }
}

const USAGE: Record<string, string> = {
  list: 'fairlead teams list',
  show: 'fairlead teams show payments',
  save: 'fairlead teams save payments --name Payments --parent platform',
  remove: 'fairlead teams remove payments',
  own: "fairlead teams own payments service 'pay-*' --precedence 10",
  disown: "fairlead teams disown payments service 'pay-*'",
  members: 'fairlead teams members add payments ada@example.com --from 2026-01-01',
  import: 'fairlead teams import teams.yaml --dry-run',
  ownership: 'fairlead teams ownership',
  drift: 'fairlead teams drift --accept --source github --team payments',
}
const WORDS: Record<string, number> = { list: 0, show: 1, save: 1, remove: 1, own: 3, disown: 3, import: 1, ownership: 0, drift: 0 }

/** Teams and what they own. */
export async function run(config: Config, action: string, words: readonly string[], options: Options): Promise<void> {
  if (action !== 'members' && WORDS[action] !== words.length) {
    throw new AppError('usage', `teams ${[action, ...words].join(' ')} is not known.`, {
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
  const [slug = '', kind, pattern] = words
  const team = () => client.json<TeamDetail>(`/v1/teams/${encodeURIComponent(slug)}`)
  switch (action) {
    case 'list': {
      const reply = await client.json<{ items: TeamReply[] }>('/v1/teams')
      return [reply, listText(reply.items)]
    }
    case 'show': {
      const reply = await team()
      return [reply, teamText(reply)]
    }
    case 'save': {
      // What is not said stays as it stands.
      const { items } = await client.json<{ items: TeamReply[] }>('/v1/teams')
      const before = items.find((one) => one.slug === slug)
      const name = options.name ?? before?.name ?? slug
      const description = options.description ?? before?.description ?? null
      const parent = options.parent === undefined ? (before?.parent ?? null) : options.parent === '' ? null : options.parent
      const reply = await client.json('/v1/teams', posting({ slug, name, description, parent }))
      return [reply, `${slug} is saved.`]
    }
    case 'remove':
      return [await client.json('/v1/teams/remove', posting({ slug })), `${slug} is removed.`]
    case 'own': {
      const body = { slug, kind, pattern, ...(options.precedence === undefined ? {} : { precedence: Number(options.precedence) }) }
      return [await client.json('/v1/teams/owns', posting(body)), `${slug} owns ${kind} ${pattern}.`]
    }
    case 'disown': {
      const rule = (await team()).owns.find((one) => one.kind === kind && one.pattern === pattern)
      if (rule === undefined)
        throw new AppError('not-found', `${slug} has no rule ${kind} ${pattern}.`, { help: `fairlead teams show ${slug}` })
      return [await client.json('/v1/teams/owns/remove', posting({ slug, id: rule.id })), `${slug} no longer owns ${kind} ${pattern}.`]
    }
    case 'members':
      return members(client, words, options)
    case 'import': {
      const body = { text: await textOf(slug), dry_run: options.dryRun ?? false }
      const reply = await client.json<{ changes: string[] }>('/v1/teams/import', posting(body))
      const note = options.dryRun && reply.changes.length > 0 ? [pc.dim('Nothing was changed: --dry-run.')] : []
      return [reply, reply.changes.length === 0 ? 'Nothing changes by that.' : [...reply.changes, ...note].join('\n')]
    }
    case 'drift':
      return drift(client, options)
    default: {
      const reply = await client.json<{ items: OwnedReply[] }>('/v1/teams/ownership')
      return [reply, ownershipText(reply.items)]
    }
  }
}

interface DriftReply {
  team: string
  source: string
  text: string
}

async function drift(client: Client, { accept, source, team }: Options): Promise<[unknown, string]> {
  const reply = await client.json<{ items: DriftReply[] }>('/v1/teams/drift')
  const items = reply.items.filter((one) => (source === undefined || one.source === source) && (team === undefined || one.team === team))
  if (accept !== true)
    return [
      { items, next: null },
      items.length === 0
        ? 'Nothing differs from what forges have told of teams. They are asked with `fairlead sync teams`.'
        : items.map((one) => one.text).join('\n'),
    ]
  const accepted: DriftReply[] = []
  for (const name of source === undefined ? new Set(items.map((one) => one.source)) : [source]) {
    const body = { source: name, ...(team === undefined ? {} : { team }) }
    accepted.push(...(await client.json<{ items: DriftReply[] }>('/v1/teams/drift/accept', posting(body))).items)
  }
  const text = accepted.length === 0 ? 'Nothing changes by that.' : accepted.map((one) => `accepted: ${one.text}`).join('\n')
  return [{ items: accepted }, text]
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

function listText(items: readonly TeamReply[]): string {
  if (items.length === 0) return `There are no teams yet: ${USAGE['save']}`
  return table(
    ['team', 'name', 'below', 'members', 'rules', 'repositories', 'services'],
    items.map((one) => [one.slug, one.name, one.parent ?? '', ...[one.members, one.owns, one.repositories, one.services].map(String)]),
    [3, 4, 5, 6],
  )
}

function teamText({ slug, name, description, parent, owns, matched, members: all }: TeamDetail): string {
  const present = all.filter((one) => one.valid_to === null || Date.parse(one.valid_to) > Date.now())
  const people = present.map((one) => (one.role === null ? one.name : `${one.name} (${one.role})`))
  return [
    `${pc.bold(name)} ${slug}${parent === null ? '' : `, below ${parent}`}`,
    ...(description === null ? [] : [description]),
    '',
    owns.length === 0
      ? `It has no rules: ${USAGE['own']}`
      : table(
          ['kind', 'pattern', 'precedence'],
          owns.map((one) => [one.kind, one.pattern, String(one.precedence)]),
          [2],
        ),
    '',
    `members: ${people.join(', ') || 'none'}`,
    `repositories: ${matched.repositories.join(', ') || 'none'}`,
    `services: ${matched.services.join(', ') || 'none'}`,
  ].join('\n')
}

interface OwnedReply {
  kind: string
  name: string
  team: string | null
  rule: { pattern: string } | null
  others: string[]
}

function ownershipText(items: readonly OwnedReply[]): string {
  if (items.length === 0) return 'No repository and no service is known yet.'
  return table(
    ['kind', 'name', 'team', 'by', 'also fits'],
    items.map((one) => [one.kind, one.name, one.team ?? pc.dim('nobody'), one.rule?.pattern ?? '', one.others.join(', ')]),
  )
}
