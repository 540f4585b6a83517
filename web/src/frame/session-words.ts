import type { Session } from '../api/contract.ts'

/** Who asks, in a few words: a person by name, else what they came with. */
export function nameOf({ user, rights }: Session): string {
  if (user !== null) return user.full_name === '' ? user.email : user.full_name
  return rights.includes('superuser') ? 'One-time link' : 'Token'
}

/** What they are here. A superuser may do everything without belonging to the organization. */
export function roleOf({ user, role, rights }: Session): string {
  if (user === null) return rights.includes('superuser') ? 'Operator of this installation' : `May ${rights.join(', ')}`
  if (user.is_superuser) return role === null ? 'Superuser' : `Superuser, ${role}`
  return role === null ? 'Of no organization' : (role[0] ?? '').toUpperCase() + role.slice(1)
}

/** `AL` of Ada Lovelace, `g` of grace@example.com; null for who has no name. */
export function initialsOf({ user }: Session): string | null {
  if (user === null) return null
  const words = user.full_name.split(/\s+/).filter((word) => word !== '')
  const first = [...(words[0] ?? user.email)][0] ?? ''
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}

export function mayAdminister({ rights }: Session): boolean {
  return rights.includes('admin')
}

/** An administrator sees every token, a person their own; a token has none of its own. */
export function maySeeTokens({ user, rights }: Session): boolean {
  return rights.includes('admin') || (user !== null && rights.includes('read'))
}
