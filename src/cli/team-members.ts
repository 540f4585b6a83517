import pc from 'picocolors'
import { AppError } from '../errors.ts'
import { posting, type Client } from './client.ts'
import { table } from './output.ts'
import { personOf } from './people.ts'
import { momentOf } from './sync.ts'

export interface MemberOptions {
  role?: string
  from?: string
  to?: string
  at?: string
}
interface MemberReply {
  name: string
  role: string | null
  valid_from: string | null
  valid_to: string | null
  origin: string
}

const USAGE: Record<string, string> = {
  list: 'fairlead teams members list payments',
  add: 'fairlead teams members add payments ada@example.com --role lead --from 2026-01-01',
  remove: 'fairlead teams members remove payments ada@example.com --at 2026-06-30',
}

/** Who is in a team, and from when to when. */
export async function members(client: Client, words: readonly string[], options: MemberOptions): Promise<[unknown, string]> {
  const [action = '', slug = '', who = ''] = words
  if (words.length !== (action === 'list' ? 2 : 3) || USAGE[action] === undefined)
    throw new AppError('usage', `teams members ${words.join(' ')} is not known.`, {
      help: USAGE[action] ?? `Known: members ${Object.keys(USAGE).join(', members ')}.`,
    })
  if (action === 'list') {
    const reply = await client.json<{ members: MemberReply[] }>(`/v1/teams/${encodeURIComponent(slug)}`)
    return [{ items: reply.members, next: null }, membersText(slug, reply.members)]
  }
  const { id, name } = await personOf(client, who)
  const said = (option: string, text: string | undefined, field: string) => (text === undefined ? {} : { [field]: momentOf(text, option) })
  if (action === 'add') {
    const role = options.role === undefined ? {} : { role: options.role }
    const span = { ...said('--from', options.from, 'valid_from'), ...said('--to', options.to, 'valid_to') }
    const reply = await client.json<MemberReply>('/v1/teams/members', posting({ slug, person_id: id, ...role, ...span }))
    return [reply, `${name} is in ${slug}${spanText(reply)}.`]
  }
  const body = { slug, person_id: id, ...said('--at', options.at, 'at') }
  const reply = await client.json<{ removed: boolean }>('/v1/teams/members/remove', posting(body))
  return [reply, reply.removed ? `${name} is no longer in ${slug}.` : `${name} was not in ${slug} then.`]
}

function spanText({ valid_from, valid_to }: MemberReply): string {
  return `${valid_from === null ? '' : ` from ${valid_from}`}${valid_to === null ? '' : ` to ${valid_to}`}`
}

function membersText(slug: string, items: readonly MemberReply[]): string {
  if (items.length === 0) return `Nobody is in ${slug}: ${USAGE['add']}`
  return table(
    ['name', 'role', 'from', 'to', 'by'],
    items.map((one) => [one.name, one.role ?? '', one.valid_from ?? pc.dim('ever since'), one.valid_to ?? '', one.origin]),
  )
}
