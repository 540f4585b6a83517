import type { Status } from '../api/contract.ts'

/** The organization that every installation begins with has a name that tells nobody anything. */
export function organizationName({ organization }: Pick<Status, 'organization'>): string | null {
  return organization.slug === 'default' && organization.name === 'Default' ? null : organization.name
}
