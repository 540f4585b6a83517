import type { MetricReply } from '../api/contract.ts'
import { count } from '../format/figure.ts'
import { withMoments } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import { Icon } from '../frame/icon.tsx'
import { Prose } from '../frame/prose.tsx'
import './gap-list.css'

/** What is missing from the number, as sentences; with `most`, the rest is only counted. */
export function GapList({ metric, most = Infinity }: { metric: MetricReply; most?: number }) {
  const gaps = gapTexts(metric)
  if (gaps.length === 0) return null
  const more = gaps.length - most
  return (
    <ul className="gaps" aria-label="Data gaps">
      {gaps.slice(0, most).map(({ code, text }) => (
        <li key={code}>
          <Icon name="warning" />
          <span>
            <Prose text={withMoments(text, metric.window.tz)} />
          </span>
        </li>
      ))}
      {more > 0 && <li>{count(more)} more in the details</li>}
    </ul>
  )
}

/** A gap that is a reason of the coverage is about rows, so its count belongs to its text; one about the window is a sentence of its own. */
function gapTexts({ gaps, coverage }: MetricReply): { code: string; text: string }[] {
  const told = gaps.map(({ code, count: times, text }) => ({
    code,
    text: code in coverage.reasons ? `${count(times)} ${text}` : text.charAt(0).toUpperCase() + text.slice(1),
  }))
  const untold = Object.entries(coverage.reasons)
    .filter(([code]) => !gaps.some((gap) => gap.code === code))
    .map(([code, times]) => ({ code, text: `${count(times)} × ${codeText(code).toLowerCase()}` }))
  return [...told, ...untold]
}
