import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'wouter'
import { readView } from '../view-state.ts'

interface Window {
  days: number
  offset: number
}

/** The server's own default. */
const DEFAULT_DAYS = 28

/** The window of the report, in the address as on the review. */
export function useWindow(): [Window, (change: Partial<Window>) => void] {
  const [params, setParams] = useSearchParams()
  const window = useMemo(() => windowOf(params), [params])
  const change = useCallback(
    (part: Partial<Window>) =>
      setParams((now) => {
        const { days, offset } = { ...windowOf(now), ...part }
        return new URLSearchParams({
          ...(days === DEFAULT_DAYS ? {} : { days: String(days) }),
          ...(offset === 0 ? {} : { offset: String(offset) }),
        })
      }),
    [setParams],
  )
  return [window, change]
}

function windowOf(params: URLSearchParams): Window {
  const { days, offset } = readView(params)
  return { days: params.has('days') ? days : DEFAULT_DAYS, offset }
}
