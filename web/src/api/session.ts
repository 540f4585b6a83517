import { useSession } from './queries.ts'

/** Whether whoever asks may change what an administrator may; null while nobody knows. */
export function useMayChange(): boolean | null {
  const { data, error } = useSession()
  // Without an answer nothing is offered that might be refused.
  return data?.rights.includes('admin') ?? (error === null ? null : false)
}
