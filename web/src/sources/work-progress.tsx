import { useEffect, useState } from 'react'
import { count } from '../format/figure.ts'
import { leadingUnit } from '../format/moment.ts'
import { useNow } from '../frame/use-now.ts'
import type { Work } from './use-work.ts'
import './work-progress.css'

/** How often a screen reader is told how far it is; the eyes see every step. */
const SAY_EVERY_MS = 10_000
/** A guess from less than this jumps about. */
const GUESS_AFTER_MS = 2_000

export function WorkProgress({
  title,
  work,
  onStop,
}: {
  title: string
  work: Extract<Work<object>, { is: 'running' }>
  onStop: () => void
}) {
  const now = useNow(1_000)
  const { progress, startedAt, partAt } = work
  const known = progress !== null && progress.total !== null && progress.total > 0
  const left = progress === null ? null : secondsLeft(progress.done, progress.total, now - partAt)
  const words = [
    progress === null
      ? 'Beginning'
      : `${progress.what}: ${count(progress.done)}${progress.total === null ? '' : ` of ${count(progress.total)}`}`,
    left === null ? null : `about ${leadingUnit(left)} left`,
  ]
    .filter((part) => part !== null)
    .join(' · ')
  const said = useCalm(words)
  return (
    <div className="card work">
      <div className="work-head">
        <h2>{title}</h2>
        <button type="button" className="button" onClick={onStop}>
          Stop
        </button>
      </div>
      {known ? (
        <progress aria-label={title} max={progress.total ?? 1} value={Math.min(progress.done, progress.total ?? 1)} />
      ) : (
        <progress aria-label={title} />
      )}
      <p className="work-words" aria-hidden="true">
        <span>{words}</span>
        <span className="quiet">{leadingUnit(Math.max(0, (now - startedAt) / 1000))} so far</span>
      </p>
      <p className="visually-hidden" role="status">
        {title}. {said}
      </p>
    </div>
  )
}

/** At the rate so far; null while that says little. */
export function secondsLeft(done: number, total: number | null, elapsedMs: number): number | null {
  if (total === null || done <= 0 || done >= total || elapsedMs < GUESS_AFTER_MS) return null
  return ((elapsedMs / done) * (total - done)) / 1000
}

/** The text as it was a moment ago, renewed only now and then. */
function useCalm(text: string): string {
  const [said, setSaid] = useState({ text, at: Date.now() })
  useEffect(() => {
    const wait = Math.max(0, said.at + SAY_EVERY_MS - Date.now())
    const timer = setTimeout(() => setSaid({ text, at: Date.now() }), wait)
    return () => clearTimeout(timer)
  }, [text, said.at])
  return said.text
}
