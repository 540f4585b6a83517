import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Actor, Audit } from './audit.ts'
import { userByEmail } from './users.ts'

const organizationRow = z.object({ id: z.string(), slug: z.string(), name: z.string(), time_zone: z.string(), created_at: z.string() })
export type Organization = z.infer<typeof organizationRow>
const COLUMNS = Object.keys(organizationRow.shape).join(', ')

/** The tenants. What belongs to one is never shown to another. */
export interface Organizations {
  /** Null where there is none of that id. Remembered for some seconds: every window is cut in the organization's time zone. */
  find(id: string): Promise<Organization | null>
  timeZoneOf(id: string): Promise<string>
  bySlug(slug: string): Promise<Organization | null>
  list(): Promise<Organization[]>
  create(
    actor: Actor,
    given: { name: string; slug?: string | undefined; time_zone: string; owner_email?: string | undefined },
  ): Promise<Organization>
  change(actor: Actor, id: string, given: { name?: string | undefined; time_zone?: string | undefined }): Promise<Organization>
  /** The one that a fresh installation has, and that this machine's own process speaks for. */
  home(timeZone: string): Promise<Organization>
}

const REMEMBERED_MS = 15_000

const byId = statement({
  name: 'organizations.find',
  sql: `SELECT ${COLUMNS} FROM organizations WHERE id = {id:uuid}`,
  row: organizationRow,
})
const bySlug = statement({
  name: 'organizations.by_slug',
  sql: `SELECT ${COLUMNS} FROM organizations WHERE slug = {slug:text}`,
  row: organizationRow,
})
const list = statement({
  name: 'organizations.list',
  sql: `SELECT ${COLUMNS} FROM organizations ORDER BY created_at, id`,
  row: organizationRow,
})
const insert = statement({
  name: 'organizations.create',
  sql: `INSERT INTO organizations (id, slug, name, time_zone, created_at) VALUES ({id:uuid}, {slug:text}, {name:text}, {time_zone:text}, {now:timestamptz})
ON CONFLICT (slug) DO NOTHING RETURNING ${COLUMNS}`,
  row: organizationRow,
})
const update = statement({
  name: 'organizations.change',
  sql: `UPDATE organizations SET name = coalesce({name:text}, name), time_zone = coalesce({time_zone:text}, time_zone) WHERE id = {id:uuid} RETURNING ${COLUMNS}`,
  row: organizationRow,
})
const makeOwner = statement({
  name: 'organizations.make_owner',
  sql: `INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ({org:uuid}, {user:uuid}, 'owner', {now:timestamptz})`,
  row: noRow,
})

interface OrganizationParts {
  readonly semantic: Semantic
  readonly clock: Clock
  readonly audit: Audit
  /** Told of each new one when it stands. */
  readonly made?: ((org: string) => Promise<void>) | undefined
}

export function openOrganizations({ semantic, clock, audit, made: told }: OrganizationParts): Organizations {
  const remembered = new Map<string, { organization: Organization | null; until: number }>()
  const now = () => instant(clock.now())
  const make = (through: Queries, slug: string, name: string, time_zone: string) =>
    through.one(insert, { id: randomUUID(), slug, name, time_zone, now: now() })
  const organizations: Organizations = {
    async find(id) {
      const known = remembered.get(id)
      if (known !== undefined && known.until > clock.now()) return known.organization
      const organization = await semantic.one(byId, { id }).catch((thrown: unknown) => {
        // The store is away, and names and time zones hardly ever change.
        if (known !== undefined && thrown instanceof AppError && thrown.retry) return known.organization
        throw thrown
      })
      remembered.set(id, { organization, until: clock.now() + REMEMBERED_MS })
      return organization
    },
    timeZoneOf: async (id) => (await organizations.find(id))?.time_zone ?? 'UTC',
    bySlug: (slug) => semantic.one(bySlug, { slug }),
    list: () => semantic.query(list),
    async create(actor, { name, slug = slugOf(name), time_zone, owner_email }) {
      requireZone(time_zone)
      if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(slug))
        throw new AppError('invalid-input', `${JSON.stringify(slug)} is no slug.`, {
          help: 'Use small letters, digits and hyphens: my-team.',
          detail: { field: 'slug' },
        })
      const organization = await semantic.transaction(async (tx) => {
        const owner = owner_email === undefined ? null : await userByEmail(tx, owner_email)
        const made = await make(tx, slug, name, time_zone)
        if (made === null)
          throw new AppError('conflict', `There is an organization ${slug} already.`, {
            help: 'Choose another name, or give a slug.',
            detail: { field: 'slug' },
          })
        if (owner !== null) await tx.query(makeOwner, { org: made.id, user: owner.id, now: now() })
        await audit.note(
          { ...actor, org: made.id },
          {
            action: 'organization.created',
            target: { type: 'organization', id: made.id, name: slug },
            after: { slug, name, time_zone, owner: owner?.email ?? null },
          },
          tx,
        )
        return made
      })
      await told?.(organization.id)
      return organization
    },
    async change(actor, id, { name, time_zone }) {
      if (time_zone !== undefined) requireZone(time_zone)
      const changed = await semantic.transaction(async (tx) => {
        const before = await tx.one(byId, { id })
        const after = await tx.one(update, { id, name: name ?? null, time_zone: time_zone ?? null })
        if (before === null || after === null) throw new AppError('not-found', 'There is no such organization.')
        await audit.note(
          actor,
          {
            action: 'organization.changed',
            target: { type: 'organization', id, name: after.slug },
            before: { name: before.name, time_zone: before.time_zone },
            after: { name: after.name, time_zone: after.time_zone },
          },
          tx,
        )
        return after
      })
      remembered.delete(id)
      return changed
    },
    async home(timeZone) {
      const [first] = await organizations.list()
      if (first !== undefined) return first
      await make(semantic, 'default', 'Default', timeZone)
      const [made] = await organizations.list()
      if (made === undefined) throw new AppError('internal', 'The first organization could not be made.')
      return made
    },
  }
  return organizations
}

/** `My Org` → `my-org`. */
function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
}

function requireZone(zone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone: zone })
  } catch (cause) {
    throw new AppError('invalid-input', `${JSON.stringify(zone)} is no time zone.`, {
      help: 'Use an IANA name such as Europe/Berlin.',
      detail: { field: 'time_zone' },
      cause,
    })
  }
}
