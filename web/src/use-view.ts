import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'wouter'
import { readView, writeView, type View } from './view-state.ts'

export type ChangeView = (change: Partial<View>, options?: { replace?: boolean }) => void

export function useView(): [View, ChangeView] {
  const [params, setParams] = useSearchParams()
  const view = useMemo(() => readView(params), [params])
  const change = useCallback<ChangeView>(
    (part, options) => setParams((now) => writeView({ ...readView(now), ...part }), { replace: options?.replace ?? false }),
    [setParams],
  )
  return [view, change]
}
