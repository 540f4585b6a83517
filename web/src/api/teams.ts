import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Page } from './contract.ts'
import { get } from './request.ts'

export const OWNED_KINDS = ['service', 'repository'] as const
export type OwnedKind = (typeof OWNED_KINDS)[number]
export type Origin = 'hand' | 'file' | 'provider'

/** One entry of `GET /v1/teams`; `owns` counts its rules, the others what is known and fits. */
export interface Team {
  slug: string
  name: string
  description: string | null
  parent: string | null
  origin: Origin
  source: string | null
  members: number
  owns: number
  repositories: number
  services: number
}

export interface Rule {
  id: string
  kind: OwnedKind
  pattern: string
  precedence: number
  origin: Origin
}

/** Somebody in a team: from a moment (null: ever since) up to and without another (null: still). */
export interface Member {
  person_id: string
  name: string
  role: string | null
  valid_from: string | null
  valid_to: string | null
  origin: Origin
}

/** `GET /v1/teams/{slug}` */
export interface TeamDetail extends Omit<Team, 'owns' | 'members'> {
  members: Member[]
  owns: Rule[]
  matched: { repositories: string[]; services: string[] }
}

/** One entry of `GET /v1/teams/ownership`. */
export interface Owned {
  kind: OwnedKind
  name: string
  team: string | null
  rule: { team: string; pattern: string; precedence: number } | null
  others: string[]
}

/** One entry of `GET /v1/teams/{slug}/tried`: who owns a name now, and who would. */
export interface Tried {
  name: string
  before: string | null
  after: string | null
}

/** `POST /v1/teams/import` */
export interface Imported {
  teams: number
  owns: number
  changes: string[]
}

/** What a change of teams changes: the figures by team as well. */
export const TEAM_KEYS = ['teams', 'dora', 'metric', 'samples'] as const

export function useTeams() {
  return useQuery({ queryKey: ['teams'], queryFn: ({ signal }) => get<Page<Team>>('/v1/teams', signal), staleTime: 30_000 })
}

export function useTeam(slug: string) {
  return useQuery({
    queryKey: ['teams', 'detail', slug],
    queryFn: ({ signal }) => get<TeamDetail>(`/v1/teams/${encodeURIComponent(slug)}`, signal),
  })
}

export function useOwnership() {
  return useQuery({ queryKey: ['teams', 'ownership'], queryFn: ({ signal }) => get<Page<Owned>>('/v1/teams/ownership', signal) })
}

/** Asked of nothing until there is a pattern. */
export function useTried(slug: string, { kind, pattern, precedence }: Pick<Rule, 'kind' | 'pattern' | 'precedence'>) {
  const search = new URLSearchParams({ kind, pattern, precedence: String(precedence) }).toString()
  return useQuery({
    queryKey: ['teams', 'tried', slug, search],
    queryFn: ({ signal }) => get<Page<Tried>>(`/v1/teams/${encodeURIComponent(slug)}/tried?${search}`, signal),
    enabled: pattern !== '',
    placeholderData: keepPreviousData,
  })
}

/** One entry of `GET /v1/teams/drift`: where a tool and the teams here say different things. */
export interface Drift {
  team: string
  kind: 'team' | 'member' | 'repository'
  what: 'only_at_provider' | 'only_here' | 'differs'
  subject: string
  source: string
  text: string
}

export function useDrift() {
  return useQuery({ queryKey: ['teams', 'drift'], queryFn: ({ signal }) => get<Page<Drift>>('/v1/teams/drift', signal) })
}
