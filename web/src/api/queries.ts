import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { metricQuery, windowQuery, type View } from '../view-state.ts'
import type {
  AuditReply,
  CatalogueEntry,
  Connector,
  Doctor,
  DoraReply,
  GapReport,
  Invitation,
  Member,
  MetricReply,
  Organization,
  OwnSession,
  Page,
  RawItem,
  SampleReply,
  Session,
  SignInOptions,
  SourceHealth,
  SourceList,
  Status,
  Token,
} from './contract.ts'
import { get } from './request.ts'

/** Figures are asked for again this often while the page is visible. */
export const REFRESH_MS = 30_000
const FIRST_RUN_REFRESH_MS = 3_000
/** A server that was away is noticed sooner than new figures. */
const RECOVERY_REFRESH_MS = 5_000
const ROWS_PER_PAGE = 50

function refreshAfter({ state }: { state: { status: string } }): number {
  return state.status === 'error' ? RECOVERY_REFRESH_MS : REFRESH_MS
}

export function useStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => get<Status>('/v1/status', signal),
    // Someone who has just run the demo should see the page come alive at once.
    refetchInterval: (query) => (query.state.data?.events === 0 ? FIRST_RUN_REFRESH_MS : refreshAfter(query)),
  })
}

/** Who asks; only where somebody is known to. */
export function useSession(enabled = true) {
  return useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => get<Session>('/v1/session', signal),
    enabled,
    staleTime: REFRESH_MS,
  })
}

/** How one can come in, once it is known. */
export function useSignInOptions(enabled = true): SignInOptions | undefined {
  return useQuery({
    queryKey: ['signin-options'],
    queryFn: ({ signal }) => get<SignInOptions>('/v1/signin/options', signal),
    enabled,
    staleTime: REFRESH_MS,
  }).data
}

export function useOwnSessions() {
  return useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => get<Page<OwnSession>>('/v1/sessions', signal),
    refetchInterval: refreshAfter,
  })
}

export function useTokens(enabled: boolean) {
  return useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => get<Page<Token>>('/v1/tokens', signal),
    enabled,
    refetchInterval: refreshAfter,
  })
}

export function useMembers(enabled: boolean) {
  return useQuery({
    queryKey: ['members'],
    queryFn: ({ signal }) => get<Page<Member>>('/v1/members', signal),
    enabled,
    refetchInterval: refreshAfter,
  })
}

export function useInvitations(enabled: boolean) {
  return useQuery({
    queryKey: ['invitations'],
    queryFn: ({ signal }) => get<Page<Invitation>>('/v1/invitations', signal),
    enabled,
    refetchInterval: refreshAfter,
  })
}

export function useAudit(search: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ['audit', search],
    queryFn: ({ signal, pageParam }) => {
      const after = pageParam === null ? '' : `&after=${encodeURIComponent(pageParam)}`
      return get<Page<AuditReply>>(`/v1/audit?limit=${ROWS_PER_PAGE}${search === '' ? '' : `&${search}`}${after}`, signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled,
    placeholderData: keepPreviousData,
  })
}

/** An examination asks every store a good deal, so it is made when somebody wants it. */
export function useDoctor(enabled: boolean) {
  return useQuery({
    queryKey: ['doctor'],
    queryFn: ({ signal }) => get<Doctor>('/v1/doctor', signal),
    enabled,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
}

export function useOrganization(enabled: boolean) {
  return useQuery({ queryKey: ['organization'], queryFn: ({ signal }) => get<Organization>('/v1/organization', signal), enabled })
}

export function useOrganizations(enabled: boolean) {
  return useQuery({ queryKey: ['organizations'], queryFn: ({ signal }) => get<Page<Organization>>('/v1/organizations', signal), enabled })
}

export function useDora(view: View) {
  const search = windowQuery(view).toString()
  return useQuery({
    queryKey: ['dora', search],
    queryFn: ({ signal }) => get<DoraReply>(`/v1/dora?${search}`, signal),
    refetchInterval: refreshAfter,
    placeholderData: keepPreviousData,
  })
}

export function useCatalogue() {
  return useQuery({
    queryKey: ['catalogue'],
    queryFn: ({ signal }) => get<Page<CatalogueEntry>>('/v1/metrics', signal),
    // It changes only with the server's version.
    staleTime: Infinity,
  })
}

export function useMetric(id: string, view: View) {
  const params = metricQuery(view)
  params.set('by', view.by)
  const search = params.toString()
  return useQuery({
    queryKey: ['metric', id, search],
    queryFn: ({ signal }) => get<MetricReply>(`/v1/metrics/${encodeURIComponent(id)}?${search}`, signal),
    refetchInterval: refreshAfter,
    placeholderData: keepPreviousData,
  })
}

export function useSamples(id: string, view: View) {
  const params = metricQuery(view)
  // An edition rates the number; the rows behind it are the same.
  params.delete('edition')
  params.set('limit', String(ROWS_PER_PAGE))
  if (view.status !== null) params.set('status', view.status)
  const search = params.toString()
  return useInfiniteQuery({
    queryKey: ['samples', id, search],
    queryFn: ({ signal, pageParam }) => {
      const after = pageParam === null ? '' : `&after=${encodeURIComponent(pageParam)}`
      return get<Page<SampleReply>>(`/v1/metrics/${encodeURIComponent(id)}/samples?${search}${after}`, signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // The rows follow the number above them.
    refetchInterval: refreshAfter,
  })
}

export function useRawItem(id: string) {
  return useQuery({
    queryKey: ['raw', id],
    queryFn: ({ signal }) => get<RawItem>(`/v1/raw/${encodeURIComponent(id)}`, signal),
    // The bytes that arrived never change.
    staleTime: Infinity,
  })
}

export function useConnectors() {
  return useQuery({
    queryKey: ['connectors'],
    queryFn: ({ signal }) => get<Page<Connector>>('/v1/connectors', signal),
    // They change only with the server's version.
    staleTime: Infinity,
  })
}

export function useSources() {
  return useQuery({
    queryKey: ['sources'],
    queryFn: ({ signal }) => get<SourceList>('/v1/sources', signal),
    refetchInterval: refreshAfter,
  })
}

export function useSourceHealth(name: string) {
  return useQuery({
    queryKey: ['sources', 'health', name],
    queryFn: ({ signal }) => get<SourceHealth>(`/v1/sources/health?name=${encodeURIComponent(name)}`, signal),
    refetchInterval: refreshAfter,
  })
}

export function useGaps(days: number, offset: number) {
  return useQuery({
    queryKey: ['gaps', days, offset],
    queryFn: ({ signal }) => get<GapReport>(`/v1/gaps?days=${days}&offset=${offset}`, signal),
    refetchInterval: refreshAfter,
    placeholderData: keepPreviousData,
  })
}
