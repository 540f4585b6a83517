import type { MetricReply } from '../api/contract.ts'
import { figure, type Scale } from '../format/figure.ts'
import { axisOf } from './series-option.ts'

/** How to read the chart. It stands there before the chart, which comes later: what is below both must not move. */
export function ChartLegend({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  const { baseline, series } = metric
  const parts = [
    axisOf(metric, scale).name,
    ...(baseline.value === null ? [] : [`dashed: before, ${figure(baseline.value, scale)}`]),
    ...(series.some(({ partial }) => partial) ? ['pale: only partly in the window'] : []),
    ...(series.some(({ value }) => value === null) ? ['gaps: no value'] : []),
  ]
  return <p className="chart-legend">{parts.join(' · ')}</p>
}
