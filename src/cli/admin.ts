import type { Delivery } from '../account/mail.ts'
import type { Member } from '../account/members.ts'
import type { Organization } from '../account/organizations.ts'
import type { Token } from '../account/tokens.ts'
import type { User } from '../account/users.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { ask } from './ask.ts'
import { connect, posting, type Client } from './client.ts'
import { note, print, printJson, table } from './output.ts'

interface AdminOptions {
  email?: string
  password?: string
  passwordHash?: string
  fullName?: string
  superuser?: boolean
  name?: string
  slug?: string
  ownerEmail?: string
  timeZone?: string
  org?: string
  role?: string
  scopes?: string
  expires?: string
  to?: string
  json?: boolean
}

type ListedUser = User & { organizations: { slug: string; role: string }[] }
type Action = (client: Client, options: AdminOptions, words: readonly string[]) => Promise<void>

/** The other spelling of what people came with from elsewhere. */
const ALIASES: Readonly<Record<string, readonly [string, string]>> = {
  'create-user': ['users', 'create'],
  'list-users': ['users', 'list'],
  'create-org': ['orgs', 'create'],
  'list-orgs': ['orgs', 'list'],
}

/** Accounts, organizations, members and tokens, through the same API as everybody's. */
export async function run(config: Config, words: readonly string[], options: AdminOptions): Promise<void> {
  const [first = '', ...rest] = words
  const [noun, action, ...others] = [...(ALIASES[first] ?? [first]), ...rest]
  const actions = ACTIONS[noun ?? '']
  const chosen = actions?.[action ?? '']
  if (chosen === undefined) {
    const known = actions === undefined ? Object.keys(ACTIONS) : Object.keys(actions).map((one) => `${noun} ${one}`)
    throw new AppError('usage', `admin ${words.join(' ')} is not known.`, {
      help: `Known: ${[...known, ...(actions ? [] : Object.keys(ALIASES))].join(', ')}.`,
    })
  }
  const client = await connect(options.org === undefined ? config : { ...config, FAIRLEAD_ORG: options.org })
  try {
    await chosen(client, options, others)
  } finally {
    await client.close()
  }
}

const ACTIONS: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  users: {
    async create(client, options) {
      const email = required(options.email, '--email')
      const { passwordHash } = options
      const proof = passwordHash === undefined ? { password: options.password ?? (await ask('password')) } : { password_hash: passwordHash }
      const given = { email, ...proof, full_name: options.fullName ?? '', is_superuser: options.superuser === true }
      const user = await client.json<User>('/v1/users', posting(given))
      if (options.json) return printJson(user)
      print(`${user.email} has an account now${user.is_superuser ? ', as a superuser' : ''}.`)
    },
    async list(client, options) {
      const reply = await client.json<{ items: ListedUser[] }>('/v1/users')
      if (options.json) return printJson(reply)
      if (reply.items.length === 0)
        return print('Nobody has an account yet. Make the first with `fairlead admin create-user --superuser --email …`.')
      print(
        table(
          ['e-mail', 'name', 'organizations', 'last sign-in', ''],
          reply.items.map((one) => [
            one.email,
            one.full_name,
            one.organizations.map(({ slug, role }) => `${slug} (${role})`).join(', '),
            one.last_signin_at ?? 'never',
            [one.is_superuser ? 'superuser' : '', one.disabled_at === null ? '' : 'disabled'].filter(Boolean).join(', '),
          ]),
        ),
      )
    },
    async 'set-password'(client, options) {
      const { id, email } = await userOf(client, options)
      await client.json('/v1/users/password', posting({ id, password: options.password ?? (await ask('password')) }))
      said(options, { id }, `${email} has a new password; its sessions have ended.`)
    },
    async disable(client, options) {
      const { id, email } = await userOf(client, options)
      said(options, await client.json('/v1/users/disable', posting({ id, disabled: true })), `${email} can no longer sign in.`)
    },
    async enable(client, options) {
      const { id, email } = await userOf(client, options)
      said(options, await client.json('/v1/users/disable', posting({ id, disabled: false })), `${email} can sign in again.`)
    },
    async unlink(client, options) {
      const { id, email } = await userOf(client, options)
      const reply = await client.json<{ unlinked: number }>('/v1/users/unlink', posting({ id }))
      const sentence =
        reply.unlinked === 0
          ? `${email} was not linked to the single sign-on.`
          : `${email} is linked to no identity any more; the next who signs in with this e-mail is.`
      said(options, reply, sentence)
    },
  },
  orgs: {
    async create(client, options) {
      const name = required(options.name, '--name')
      const given = { name, slug: options.slug, owner_email: options.ownerEmail, time_zone: options.timeZone }
      const made = await client.json<Organization>('/v1/organizations', posting(given))
      said(options, made, `${made.name} is an organization now: ${made.slug}.`)
    },
    async list(client, options) {
      const reply = await client.json<{ items: Organization[] }>('/v1/organizations')
      if (options.json) return printJson(reply)
      print(
        table(
          ['slug', 'name', 'time zone', 'since'],
          reply.items.map((one) => [one.slug, one.name, one.time_zone, one.created_at]),
        ),
      )
    },
  },
  members: {
    async list(client, options) {
      const reply = await client.json<{ items: Member[] }>('/v1/members')
      if (options.json) return printJson(reply)
      if (reply.items.length === 0) return print('The organization has no members yet.')
      print(
        table(
          ['e-mail', 'name', 'role', 'last sign-in'],
          reply.items.map((one) => [one.email, one.full_name, one.role, one.last_signin_at ?? 'never']),
        ),
      )
    },
    async set(client, options) {
      const given = { email: required(options.email, '--email'), role: required(options.role, '--role') }
      const member = await client.json<Member>('/v1/members', posting(given))
      said(options, member, `${member.email} is ${member.role} now.`)
    },
    async remove(client, options) {
      const email = required(options.email, '--email').trim().toLowerCase()
      const { items } = await client.json<{ items: Member[] }>('/v1/members')
      const member = items.find((one) => one.email === email)
      if (member === undefined)
        throw new AppError('not-found', `${email} is no member.`, { help: 'List them with `fairlead admin members list`.' })
      said(options, await client.json('/v1/members/remove', posting({ user_id: member.user_id })), `${email} is no member any more.`)
    },
    async invite(client, options) {
      const given = { email: required(options.email, '--email'), role: options.role ?? 'member' }
      const made = await client.json<{ link: string } & Delivery>('/v1/invitations', posting(given))
      const told = made.mailed ? `${given.email} has this link by mail; it opens` : `Send ${given.email} this link, which opens`
      if (made.mail_error !== null) note(made.mail_error)
      said(options, made, `${told} for ten days:\n  ${made.link}`)
    },
  },
  mail: {
    async test(client, options) {
      const to = required(options.to, '--to')
      const { mailed, mail_error } = await client.json<Delivery>('/v1/mail/test', posting({ to }))
      if (!mailed) throw new AppError('server-unreachable', mail_error ?? 'The mail was not sent.', { help: 'Check FAIRLEAD_SMTP_URI.' })
      said(options, { mailed, mail_error }, `The mail server took a mail to ${to}. Look whether it arrives.`)
    },
  },
  tokens: {
    async create(client, options) {
      const scopes = required(options.scopes, '--scopes')
        .split(',')
        .map((one) => one.trim())
      const given = {
        name: options.name ?? scopes.join(', '),
        scopes,
        expires_at: options.expires === undefined ? null : momentOf(options.expires),
      }
      const made = await client.json<Token & { token: string }>('/v1/tokens', posting(given))
      said(
        options,
        made,
        `${made.token}\n\nIt is shown this once. Scopes: ${made.scopes.join(', ')}; ${made.expires_at === null ? 'without an end' : `until ${made.expires_at}`}.`,
      )
    },
    async list(client, options) {
      const reply = await client.json<{ items: Token[] }>('/v1/tokens')
      if (options.json) return printJson(reply)
      print(
        table(
          ['id', 'name', 'begins', 'scopes', 'made by', 'last used', 'ends'],
          reply.items.map((one) => [
            one.id,
            one.name,
            one.prefix,
            one.scopes.join(', '),
            one.allowed_path === null ? (one.created_by ?? 'this machine') : `DevLake, for ${one.allowed_path}`,
            one.last_used_at ?? 'never',
            one.revoked_at === null ? (one.expires_at ?? '') : 'revoked',
          ]),
        ),
      )
    },
    async revoke(client, options, [id]) {
      const gone = await client.json<Token>('/v1/tokens/revoke', posting({ id: required(id, 'the id of the token') }))
      said(options, gone, `The token ${gone.name} has ended.`)
    },
  },
}

function said(options: AdminOptions, reply: unknown, sentence: string): void {
  if (options.json) printJson(reply)
  else print(sentence)
}

function required(value: string | undefined, what: string): string {
  if (value !== undefined) return value
  throw new AppError('usage', `This needs ${what}.`, { help: '`fairlead admin --help` shows examples.' })
}

async function userOf(client: Client, options: AdminOptions): Promise<ListedUser> {
  const email = required(options.email, '--email').trim().toLowerCase()
  const { items } = await client.json<{ items: ListedUser[] }>('/v1/users')
  const user = items.find((one) => one.email === email)
  if (user === undefined)
    throw new AppError('not-found', `Nobody has an account with ${email}.`, { help: 'List them with `fairlead admin list-users`.' })
  return user
}

/** A day (its end in UTC) or a moment, as people write them. */
function momentOf(text: string): string {
  const ms = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59Z` : text)
  if (Number.isNaN(ms)) throw new AppError('usage', `--expires ${text} is no day and no moment.`, { help: 'For example 2027-01-31.' })
  return new Date(ms).toISOString()
}
