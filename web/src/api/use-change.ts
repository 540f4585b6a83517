import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ask } from './request.ts'

/** A POST that changes something, after which everything under these keys is asked for again. */
export function useChange<Reply, Body extends object>(path: string, ...keys: string[]) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (body: Body) => ask<Reply>(path, body),
    onSuccess: () => Promise.all(keys.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  })
}
