import type { MetricReply } from '../api/contract.ts'
import { count, figure, type Scale } from '../format/figure.ts'
import { levelText, reasonText, shortReason } from '../format/words.ts'
import { Change } from '../review/change.tsx'
import { Figure } from '../review/figure.tsx'
import { LevelBadge } from '../review/level-badge.tsx'

/** The number with all that the server knows about it. */
export function Facts({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  const { value, baseline, interval, percentiles, mean, trend, score } = metric
  const level = levelText(metric)
  const show = (one: number | null) => (one === null ? null : figure(one, scale))
  const facts: [term: string, text: string | null][] = [
    ['Before', show(baseline.value) ?? shortReason(baseline.why)],
    ['Samples', `n ${count(metric.n)}, before ${count(baseline.n)}`],
    ['Interval', interval === null ? null : `${figure(interval[0], scale)} to ${figure(interval[1], scale)}`],
    ['Evidence', trend.p_value === null ? null : `p ${probability(trend.p_value)}`],
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
        <Change metric={metric} scale={scale} />
        <LevelBadge metric={metric} />
        {level.name === null && <span className="quiet">{level.text}</span>}
      </div>
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

function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}
