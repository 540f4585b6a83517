import type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
import type { GridComponentOption, MarkLineComponentOption, TooltipComponentOption } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import type { MetricReply } from '../api/contract.ts'
import { count, figure, type Scale } from '../format/figure.ts'
import { bucketText, day } from '../format/moment.ts'
import { plotted } from '../format/plotted.ts'
import { reasonText } from '../format/words.ts'

export type SeriesOption = ComposeOption<
  BarSeriesOption | LineSeriesOption | GridComponentOption | MarkLineComponentOption | TooltipComponentOption
>

interface Axis {
  /** What a value is divided by, so that the axis has round numbers in its own unit. */
  divisor: number
  name: string
}

export function seriesOption(metric: MetricReply, scale: Scale, colour: (name: string) => string, animation: boolean): SeriesOption {
  const { series, baseline, window } = metric
  const axis = axisOf(metric, scale)
  const bars = metric.unit !== 'seconds'
  const ink = colour('--ink-3')
  const line = colour('--line')
  const accent = colour('--accent')
  const values = plotted(metric)
  const data = series.map(({ partial }, index) => {
    const value = values[index] ?? null
    return { value: value === null ? '-' : value / axis.divisor, itemStyle: { opacity: partial ? 0.5 : 1 } }
  })
  const before: MarkLineComponentOption = {
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { color: ink, type: 'dashed', width: 1.25 },
    label: { show: false },
    data: baseline.value === null ? [] : [{ yAxis: baseline.value / axis.divisor }],
  }
  return {
    animation,
    animationDuration: 250,
    textStyle: { fontFamily: colour('--font') },
    grid: { left: 8, right: 12, top: 10, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: series.map(({ from }) => day(from, window.tz)),
      axisLabel: { color: ink, hideOverlap: true },
      axisLine: { lineStyle: { color: colour('--line-strong') } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      min: 0,
      // The line of the window before belongs into the picture even when every bar is lower.
      ...(baseline.value === null
        ? {}
        : { max: ({ max }: { max: number }) => niceTop(Math.max(max, (baseline.value ?? 0) / axis.divisor)) }),
      splitNumber: 4,
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: line } },
    },
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: bars ? 'shadow' : 'line' },
      confine: true,
      backgroundColor: colour('--surface'),
      borderColor: colour('--line-strong'),
      textStyle: { color: colour('--ink'), fontSize: 13 },
      // Elements and no markup: a style attribute in a string would be refused by the page's content security policy.
      formatter: (shown) => {
        const [first] = Array.isArray(shown) ? shown : [shown]
        const bucket = series[first?.dataIndex ?? -1]
        return bucket === undefined ? '' : lines(...bucketLines(bucket, scale, window.tz))
      },
    },
    series: bars
      ? [
          {
            type: 'bar',
            data,
            itemStyle: { color: accent, borderRadius: [3, 3, 0, 0] },
            barMaxWidth: 44,
            // A true zero is seen; an unknown interval is not.
            barMinHeight: 2,
            markLine: before,
          },
        ]
      : [
          {
            type: 'line',
            data,
            connectNulls: false,
            symbol: 'circle',
            symbolSize: 7,
            showAllSymbol: true,
            lineStyle: { color: accent, width: 2 },
            itemStyle: { color: accent },
            areaStyle: { color: accent, opacity: 0.08 },
            markLine: before,
          },
        ],
  }
}

export function axisOf(metric: MetricReply, scale: Scale): Axis {
  switch (metric.unit) {
    case 'per_day':
      return scale.per === 'day'
        ? { divisor: 1, name: 'per day' }
        : scale.per === 'week'
          ? { divisor: 1 / 7, name: 'per week' }
          : { divisor: 1 / 30, name: 'per month' }
    case 'share':
      return { divisor: 0.01, name: '%' }
    case 'days_per_week':
      return { divisor: 1, name: 'days per week' }
    case 'seconds': {
      const longest = Math.max(0, metric.baseline.value ?? 0, ...metric.series.map(({ value }) => value ?? 0))
      if (longest >= 3 * 86_400) return { divisor: 86_400, name: 'days' }
      if (longest >= 2 * 3_600) return { divisor: 3_600, name: 'hours' }
      return longest >= 120 ? { divisor: 60, name: 'minutes' } : { divisor: 1, name: 'seconds' }
    }
  }
}

/** The next of 1, 2, 4, 5, 10 … above, so that the axis ends at a round number. */
export function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10
  return step * power
}

function bucketLines(bucket: MetricReply['series'][number], scale: Scale, zone: string): string[] {
  const value = bucket.value === null ? reasonText(bucket.why) : figure(bucket.value, scale)
  return [
    bucketText(bucket.from, bucket.to, zone),
    `${value} · n ${count(bucket.n)}`,
    ...(bucket.partial ? ['only partly in the window'] : []),
  ]
}

function lines(...texts: string[]): HTMLElement {
  const box = document.createElement('div')
  for (const text of texts) {
    const line = document.createElement('div')
    line.textContent = text
    box.append(line)
  }
  return box
}
