import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Problem } from '../api/contract.ts'
import { asProblem, follow, isAbort, type Progress } from '../api/request.ts'

export type Work<Reply> =
  | { is: 'idle' }
  | { is: 'running'; progress: Progress | null; startedAt: number; /** When the present kind of thing began. */ partAt: number }
  | { is: 'done'; reply: Reply }
  | { is: 'stopped' }
  | { is: 'failed'; problem: Problem }

/** Work on the server that tells how far it is. It ends there, too, when the page is left or it is stopped. */
export function useWork<Reply extends object>(
  path: string,
): {
  work: Work<Reply>
  start: (body: object) => void
  stop: () => void
} {
  const queries = useQueryClient()
  const [work, setWork] = useState<Work<Reply>>({ is: 'idle' })
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])
  const start = useCallback(
    (body: object) => {
      running.current?.abort()
      const mine = new AbortController()
      running.current = mine
      const begun = Date.now()
      setWork({ is: 'running', progress: null, startedAt: begun, partAt: begun })
      const tick = (progress: Progress) =>
        setWork((before) => {
          if (running.current !== mine || before.is !== 'running') return before
          const same = before.progress?.what === progress.what && before.progress.done <= progress.done
          return { ...before, progress, partAt: same ? before.partAt : Date.now() }
        })
      follow<Reply>(path, body, tick, mine.signal)
        .then(
          (reply) => setWork({ is: 'done', reply }),
          (thrown: unknown) => {
            if (running.current === mine) setWork(isAbort(thrown) ? { is: 'stopped' } : { is: 'failed', problem: asProblem(thrown) })
          },
        )
        // Whatever came of it, what the page shows may have changed.
        .finally(() => Promise.all(['sources', 'status', 'gaps'].map((key) => queries.invalidateQueries({ queryKey: [key] }))))
        .catch(() => undefined)
    },
    [path, queries],
  )
  const stop = useCallback(() => running.current?.abort(), [])
  return { work, start, stop }
}
