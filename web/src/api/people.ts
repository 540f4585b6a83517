import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { Page } from './contract.ts'
import { get } from './request.ts'

export interface Identity {
  kind: 'email' | 'login' | 'name'
  /** The tool of a login; empty for an e-mail and a name. */
  provider: string
  value: string
  origin: 'seen' | 'mailmap' | 'hand'
}

/** One entry of `GET /v1/people`. */
export interface Person {
  id: string
  name: string
  is_bot: boolean
  identities: Identity[]
  /** The teams that they are in now. */
  teams: string[]
  last_seen_at: string | null
}

/** One entry of `GET /v1/people/suggestions`. */
export interface Suggestion {
  id: string
  people: Pick<Person, 'id' | 'name' | 'identities'>[]
  score: number
  reason: string
}

/** What a change of people changes. */
export const PEOPLE_KEYS = ['people', 'teams'] as const
const PER_PAGE = 50

export function usePeople(q: string, perPage = PER_PAGE) {
  const search = new URLSearchParams({ limit: String(perPage), ...(q === '' ? {} : { q }) }).toString()
  return useInfiniteQuery({
    queryKey: ['people', 'list', search],
    queryFn: ({ signal, pageParam }) => {
      const after = pageParam === null ? '' : `&after=${encodeURIComponent(pageParam)}`
      return get<Page<Person>>(`/v1/people?${search}${after}`, signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

export function useSuggestions() {
  return useQuery({
    queryKey: ['people', 'suggestions'],
    queryFn: ({ signal }) => get<Page<Suggestion>>('/v1/people/suggestions?limit=50', signal),
  })
}
