import { REFRESH_MS } from '../api/queries.ts'
import { ago, clock, leadingUnit } from '../format/moment.ts'
import { useNow } from '../frame/use-now.ts'
import './freshness.css'

/** Three missed refreshes. */
const STALE_MS = 3 * REFRESH_MS
/** Events are visible within seconds; more than this deserves a word. */
const NOTABLE_LAG_SECONDS = 60

export function Freshness({
  updatedAt,
  failed,
  fetching,
  lagSeconds,
  onRefresh,
}: {
  updatedAt: number
  failed: boolean
  fetching: boolean
  lagSeconds: number
  onRefresh: () => void
}) {
  const now = useNow(5_000)
  if (updatedAt === 0) return null
  const stale = failed || now - updatedAt > STALE_MS
  const behind = lagSeconds > NOTABLE_LAG_SECONDS ? ` · events ${leadingUnit(lagSeconds)} behind` : ''
  const text = stale ? `Stale: figures of ${clock(new Date(updatedAt).toISOString())}` : `Updated ${ago(updatedAt, now)}`
  return (
    <button type="button" className={`freshness${stale || behind !== '' ? ' is-stale' : ''}`} title="Refresh now" onClick={onRefresh}>
      <span className={fetching ? 'freshness-dot is-busy' : 'freshness-dot'} aria-hidden="true" />
      <span>
        {text}
        {behind}
      </span>
      <span className="visually-hidden">. Refresh now</span>
    </button>
  )
}
