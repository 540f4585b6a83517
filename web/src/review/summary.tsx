import type { DoraReply, MetricReply } from '../api/contract.ts'
import { count, decimal } from '../format/figure.ts'
import { windowText } from '../format/moment.ts'
import { reviewMetrics } from './review-metrics.ts'
import './summary.css'

export function Summary({ reply }: { reply: DoraReply }) {
  const metrics = reviewMetrics(reply)
  return (
    <section className="summary" aria-label="Summary">
      <div className="summary-text">
        <p className="headline">{headline(metrics)}</p>
        <p className="compared">Compared with {windowText(reply.baseline)}</p>
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

/** The sentence with which the meeting begins. It speaks only of changes that the evidence supports. */
export function headline(metrics: MetricReply[]): string {
  const titles = (verdict: MetricReply['trend']['verdict']) =>
    metrics.filter((metric) => metric.trend.verdict === verdict).map(({ title }) => title)
  const worse = titles('regressed')
  const better = titles('improved')
  if (worse.length === 0 && better.length === 0) {
    const judged = titles('no clear change').length
    return judged === 0 ? 'Not enough data to compare with the window before.' : 'No clear change against the window before.'
  }
  const parts = []
  if (worse.length > 0) parts.push(`${list(worse)} got worse`)
  if (better.length > 0) parts.push(`${list(better)} got better`)
  const [first = '', second] = parts
  return second === undefined ? `${first}.` : `${first}; ${lowerFirst(second)}.`
}

function list(titles: string[]): string {
  const [first = '', ...others] = titles.map((title, index) => (index === 0 ? title : lowerFirst(title)))
  const last = others.pop()
  return last === undefined ? first : `${[first, ...others].join(', ')} and ${last}`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
