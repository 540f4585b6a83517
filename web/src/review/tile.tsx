import type { MetricReply } from '../api/contract.ts'
import { percentOf, scaleFor } from '../format/figure.ts'
import { levelText, reasonText, samplesText } from '../format/words.ts'
import { Icon } from '../frame/icon.tsx'
import { Change } from './change.tsx'
import { GapList } from './gap-list.tsx'
import { Figure } from './figure.tsx'
import { LevelBadge } from './level-badge.tsx'
import { Sparkline } from './sparkline.tsx'
import './tile.css'

const GAPS_SHOWN = 2

/** One metric at a glance. The button in its heading covers the whole tile, so that there is one thing to press and one to focus. */
export function Tile({ metric, question, onOpen }: { metric: MetricReply; question: string | undefined; onOpen: (id: string) => void }) {
  const { value, baseline } = metric
  const scale = scaleFor(metric.unit, value, baseline.value)
  const heading = `tile-${metric.id}`
  return (
    <article className="tile" aria-labelledby={heading}>
      <div className="tile-head">
        <h2>
          <button type="button" id={heading} className="tile-open" aria-haspopup="dialog" onClick={() => onOpen(metric.id)}>
            {metric.title}
          </button>
        </h2>
        <LevelBadge metric={metric} />
      </div>
      <p className="tile-question">{question}</p>
      {value === null ? (
        <p className="tile-reason">{reasonText(metric.why)}</p>
      ) : (
        <Figure className="tile-value" value={value} scale={scale} />
      )}
      <div className="tile-compare">{value !== null && <Change metric={metric} scale={scale} />}</div>
      <Sparkline metric={metric} scale={scale} />
      <div className="tile-foot">
        <p className="tile-basis">{basis(metric)}</p>
        <span className="tile-more">
          <Icon name="right" />
        </span>
      </div>
      <GapList metric={metric} most={GAPS_SHOWN} />
    </article>
  )
}

function basis(metric: MetricReply): string {
  const { n, coverage } = metric
  const level = levelText(metric)
  return [
    samplesText(metric, n),
    ...(coverage.share === null ? [] : [`coverage ${percentOf(coverage.share)} %`]),
    ...(metric.level === null ? ['not rated'] : level.name === null ? [level.text] : []),
  ].join(' · ')
}
