import type { DoraReply, MetricReply } from '../api/contract.ts'
import { count, decimal } from '../format/figure.ts'
import { windowText } from '../format/moment.ts'
import { trendWords } from '../format/words.ts'
import { reviewMetrics } from './review-metrics.ts'
import './summary.css'

/** `of` is whose deliveries these are; null for all. */
export function Summary({ reply, of }: { reply: DoraReply; of: string | null }) {
  const metrics = reviewMetrics(reply)
  return (
    <section className="summary" aria-label="Summary">
      <div className="summary-text">
        <p className="headline">{headline(metrics, of)}</p>
        <p className="compared">
          Compared with {windowText(reply.baseline)}.
          {hasUntested(metrics) && ' Whether a difference is more than chance is not tested yet.'}
        </p>
      </div>
      <Score score={reply.score} />
    </section>
  )
}

function Score({ score }: { score: DoraReply['score'] }) {
  if (score.value === null) {
    return (
      <div className="score">
        <p className="score-label">Overall score</p>
        <p className="score-none">None: no metric could be scored</p>
      </div>
    )
  }
  return (
    <div className="score">
      <p className="score-label">Overall score</p>
      <p className="score-value">
        <span className="score-number">{decimal(score.value)}</span> <span className="score-of">of 10</span>
      </p>
      <meter className="score-bar" min={0} max={10} value={score.value} aria-label="Overall score" />
      <p className="score-basis">
        mean of {count(score.of)} {score.of === 1 ? 'metric' : 'metrics'}
      </p>
    </div>
  )
}

/**
 * The sentence with which the meeting begins. It speaks of better and worse only where the evidence supports it; before that, of the way
 * in which the figures moved.
 */
function headline(metrics: MetricReply[], of: string | null): string {
  if (metrics.length > 0 && metrics.every(({ why }) => why === 'no_source')) {
    return of === null ? 'No source was watching in this window.' : `Nothing is known of ${of} in this window.`
  }
  const moved = (tone: 'good' | 'bad') => metrics.filter((metric) => trendWords(metric).tone === tone).map(({ title }) => title)
  const worse = moved('bad')
  const better = moved('good')
  if (worse.length === 0 && better.length === 0) {
    const judged = metrics.some(({ trend }) => trend.verdict !== 'not enough data')
    return judged ? 'No clear change against the window before.' : 'Not enough data to compare with the window before.'
  }
  const parts = []
  if (hasUntested(metrics)) {
    if (worse.length > 0) parts.push(`Leaning worse: ${lowerFirst(list(worse))}`)
    if (better.length > 0) parts.push(`Leaning better: ${lowerFirst(list(better))}`)
    return `${parts.join('. ')}.`
  }
  if (worse.length > 0) parts.push(`${list(worse)} got worse`)
  if (better.length > 0) parts.push(`${list(better)} got better`)
  const [first = '', second] = parts
  return second === undefined ? `${first}.` : `${first}; ${lowerFirst(second)}.`
}

function hasUntested(metrics: MetricReply[]): boolean {
  return metrics.some((metric) => !trendWords(metric).tested)
}

function list(titles: string[]): string {
  const [first = '', ...others] = titles.map((title, index) => (index === 0 ? title : lowerFirst(title)))
  const last = others.pop()
  return last === undefined ? first : `${[first, ...others].join(', ')} and ${last}`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
