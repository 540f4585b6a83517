import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use, type ECharts } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import type { MetricReply } from '../api/contract.ts'
import { figure, type Scale } from '../format/figure.ts'
import { plotted } from '../format/plotted.ts'
import { useTheme } from '../frame/theme.ts'
import { seriesOption } from './series-option.ts'

use([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer])

/** The series, larger. To those who cannot see it, it is one image with a sentence; the table below it has every figure. */
export default function SeriesChart({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<ECharts | null>(null)
  const theme = useTheme()

  useEffect(() => {
    if (place.current === null) return undefined
    const made = init(place.current, null, { renderer: 'svg' })
    chart.current = made
    const resized = new ResizeObserver(() => made.resize())
    resized.observe(place.current)
    return () => {
      resized.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [])

  useEffect(() => {
    // The colours of the theme are read from the stylesheet, so a new theme is a new option.
    const style = getComputedStyle(document.documentElement)
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
    chart.current?.setOption(
      seriesOption(metric, scale, (name) => style.getPropertyValue(name).trim(), !still),
      { notMerge: true },
    )
  }, [metric, scale, theme])

  return (
    <div className="chart" role="img" aria-label={`${metric.title} over time: ${summary(metric, scale)}`}>
      <div className="chart-place" ref={place} />
    </div>
  )
}

function summary(metric: MetricReply, scale: Scale): string {
  const known = plotted(metric).filter((value) => value !== null)
  if (known.length === 0) return 'no interval has a value'
  const last = known.at(-1) ?? 0
  return `lowest ${figure(Math.min(...known), scale)}, highest ${figure(Math.max(...known), scale)}, latest ${figure(last, scale)}. The table below has every figure.`
}
