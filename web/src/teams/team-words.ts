import type { Origin, Team } from '../api/teams.ts'
import { many } from '../format/figure.ts'

/** `2 services, 1 repository, 3 rules` */
export function ownsText({ services, repositories, owns, members }: Pick<Team, 'services' | 'repositories' | 'owns' | 'members'>): string {
  const parts = [
    services > 0 && many(services, 'service', 'services'),
    repositories > 0 && many(repositories, 'repository', 'repositories'),
    owns > 0 && many(owns, 'rule', 'rules'),
    members > 0 && many(members, 'member', 'members'),
  ]
  return parts.filter((part) => part !== false).join(', ') || 'owns nothing yet'
}

const ORIGINS: Record<Origin, string> = { hand: 'by hand', file: 'from a file', provider: 'from a tool' }

export function originText(origin: Origin): string {
  return ORIGINS[origin]
}
