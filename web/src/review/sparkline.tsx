import type { MetricReply } from '../api/contract.ts'
import { figure, type Scale } from '../format/figure.ts'
import { day } from '../format/moment.ts'
import { plotted } from '../format/plotted.ts'
import { shortReason } from '../format/words.ts'
import './sparkline.css'

const STEP = 10
const GAP = 2
const HEIGHT = 40
/** What is there is seen, however small. */
const LEAST = 1.5

export function Sparkline({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  const { series, baseline, window } = metric
  const first = series[0]
  const last = series.at(-1)
  if (first === undefined || last === undefined) return null
  const values = plotted(metric)
  const known = values.filter((value) => value !== null)
  const top = Math.max(...known, baseline.value ?? 0)
  const height = (value: number) => (top === 0 ? LEAST : Math.max(LEAST, (value / top) * (HEIGHT - 2)))
  const width = series.length * STEP
  return (
    <figure className="spark">
      {/* Stretched to the tile's width; the bars may be distorted, as nothing in them is read by its shape. */}
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={description(metric, scale)}>
        {series.map(({ from, partial }, index) => {
          const value = values[index] ?? null
          return <Bar key={from} at={index * STEP} height={value === null ? null : value === 0 ? 0 : height(value)} partial={partial} />
        })}
        {baseline.value !== null && known.length > 0 && (
          <line className="spark-before" x1={0} x2={width} y1={HEIGHT - height(baseline.value)} y2={HEIGHT - height(baseline.value)} />
        )}
      </svg>
      <figcaption>
        <span aria-hidden="true">{day(first.from, window.tz)}</span>
        <span className="spark-legend">
          {baseline.value !== null && <i className="before-mark" aria-hidden="true" />}
          before: {baseline.value === null ? shortReason(baseline.why) : figure(baseline.value, scale)}
        </span>
        <span aria-hidden="true">{day(new Date(new Date(last.to).getTime() - 1).toISOString(), window.tz)}</span>
      </figcaption>
    </figure>
  )
}

/** A true zero is a line on the ground, an unknown interval a point: the one was measured, the other was not. */
function Bar({ at, height, partial }: { at: number; height: number | null; partial: boolean }) {
  if (height === null) return <path className="spark-unknown" d={`M${at + STEP / 2} ${HEIGHT - 2}h0`} />
  if (height === 0) return <path className="spark-zero" d={`M${at + GAP / 2} ${HEIGHT - 1}h${STEP - GAP}`} />
  return (
    <rect
      className={partial ? 'spark-bar is-partial' : 'spark-bar'}
      x={at + GAP / 2}
      y={HEIGHT - height}
      width={STEP - GAP}
      height={height}
    />
  )
}

/** The chart in a sentence: what a glance would tell. */
function description(metric: MetricReply, scale: Scale): string {
  const { series, title } = metric
  const known = plotted(metric).filter((value) => value !== null)
  const unknown = series.length - known.length
  const gaps = unknown === 0 ? '' : `, ${unknown} of them without a value`
  if (known.length === 0) return `${title}: ${series.length} intervals, none with a value`
  const lowest = figure(Math.min(...known), scale)
  const highest = figure(Math.max(...known), scale)
  return `${title}: ${series.length} intervals${gaps}; ${lowest === highest ? lowest : `between ${lowest} and ${highest}`}`
}
