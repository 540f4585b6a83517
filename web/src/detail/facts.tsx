import type { MetricReply } from '../api/contract.ts'
import { count, figure, type Scale } from '../format/figure.ts'
import { isTested, levelNote, levelText, reasonHelp, reasonText, samplesText, shortReason, trendWords } from '../format/words.ts'
import { Change } from '../review/change.tsx'
import { Figure } from '../review/figure.tsx'
import { LevelBadge } from '../review/level-badge.tsx'

/** The number with all that the server knows about it. */
export function Facts({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  const { value, baseline, interval, percentiles, mean, trend, score } = metric
  const level = levelText(metric)
  const notes = [value === null ? reasonHelp(metric.why) : null, trendNote(metric), levelNote(metric)].filter((note) => note !== null)
  const show = (one: number | null) => (one === null ? null : figure(one, scale))
  const facts: [term: string, text: string | null][] = [
    ['Before', show(baseline.value) ?? shortReason(baseline.why)],
    ['Samples', `${samplesText(metric, metric.n)}, before ${count(baseline.n)}`],
    ['Interval', interval === null ? null : `${figure(interval[0], scale)} to ${figure(interval[1], scale)}`],
    ['Evidence', evidence(trend)],
    ['Median', show(percentiles.p50)],
    ['p75', show(percentiles.p75)],
    ['p90', show(percentiles.p90)],
    ['Mean', show(mean)],
    ['Score', score === null ? null : `${score.toFixed(1)} of 10`],
  ]
  return (
    <div className="facts">
      <div className="facts-lead">
        {value === null ? (
          <p className="tile-reason">{reasonText(metric.why)}</p>
        ) : (
          <Figure className="tile-value" value={value} scale={scale} />
        )}
        {value !== null && <Change metric={metric} scale={scale} />}
        <LevelBadge metric={metric} />
        {level.name === null && <span className="quiet">{level.text}</span>}
      </div>
      {notes.map((note) => (
        <p key={note} className="quiet">
          {note}
        </p>
      ))}
      <dl>
        {facts.map(
          ([term, text]) =>
            text !== null && (
              <div key={term}>
                <dt>{term}</dt>
                <dd>{text}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  )
}

function evidence({ verdict, p_value }: MetricReply['trend']): string | null {
  if (p_value !== null) return `p ${probability(p_value)}`
  return verdict === 'not enough data' ? null : 'not tested yet'
}

/** What the word beside the difference rests on. */
function trendNote(metric: MetricReply): string | null {
  const { verdict } = metric.trend
  if (metric.value === null) return null
  if (metric.baseline.value === null) return 'The window before has no value, so there is nothing to compare with.'
  if (verdict === 'not enough data') return 'Too few samples, in this window or the one before, to say which way it went.'
  if (isTested(metric) || trendWords(metric).tone === 'neutral') return null
  return `It is ${metric.better} that is better here. Whether the difference is more than chance is not tested yet.`
}

function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}
