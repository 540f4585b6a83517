import { useQuery } from '@tanstack/react-query'
import { get } from './request.ts'

/** Part of `GET /v1/session`: what whoever asks may do here. */
interface Session {
  rights: string[]
}

/** Whether whoever asks may change what an administrator may; null while nobody knows. */
export function useMayChange(): boolean | null {
  const session = useQuery({ queryKey: ['session'], queryFn: ({ signal }) => get<Session>('/v1/session', signal), staleTime: 60_000 })
  // Without an answer nothing is offered that might be refused.
  return session.data?.rights.includes('admin') ?? (session.error === null ? null : false)
}
