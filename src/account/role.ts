/** What a token may be given. `admin` includes the others. */
export const SCOPES = ['ingest', 'read', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** What a route may ask of its caller. `owner` and `superuser` are of people and of this machine's own process: no token has them. */
export const RIGHTS = [...SCOPES, 'owner', 'superuser'] as const
export type Right = (typeof RIGHTS)[number]

/** Of a person in an organization. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** The whole of who may do what: one line a role. test/accounts.test.ts asks every route in every role. */
export const RIGHTS_OF: Readonly<Record<Role, readonly Right[]>> = {
  owner: ['read', 'ingest', 'admin', 'owner'],
  admin: ['read', 'ingest', 'admin'],
  member: ['read', 'ingest'],
  viewer: ['read'],
}

/** Of the account that runs the installation: everything, in every organization. */
export const SUPERUSER_RIGHTS: readonly Right[] = [...RIGHTS_OF.owner, 'superuser']

/** A token's scopes as rights, cut to what its maker may do at this moment. */
export function rightsOfToken(scopes: readonly Scope[], maker: readonly Right[]): Right[] {
  const wide: readonly Right[] = scopes.includes('admin') ? SCOPES : scopes
  return wide.filter((right) => maker.includes(right))
}

/** Who may give or take a role: an admin everything but owners, an owner everything. */
export function mayGive(giver: readonly Right[], role: Role): boolean {
  return giver.includes('owner') || (giver.includes('admin') && role !== 'owner')
}
