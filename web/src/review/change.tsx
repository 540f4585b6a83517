import type { MetricReply } from '../api/contract.ts'
import { difference, type Scale } from '../format/figure.ts'
import { trendWords } from '../format/words.ts'
import { Icon } from '../frame/icon.tsx'
import './change.css'

/** The difference to the window before, and what the evidence says about it: icon, text and colour, never colour alone. */
export function Change({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  const words = trendWords(metric)
  const { value, baseline } = metric
  return (
    <span className={`change is-${words.tone}${words.tested ? '' : ' is-untested'}`}>
      <Icon name={words.icon} />
      <span>
        {value !== null && baseline.value !== null && value !== baseline.value && `${difference(value - baseline.value, scale)} · `}
        {words.text}
      </span>
    </span>
  )
}
