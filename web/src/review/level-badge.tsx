import type { MetricReply } from '../api/contract.ts'
import { levelText } from '../format/words.ts'
import './level-badge.css'

export function LevelBadge({ metric }: { metric: MetricReply }) {
  const { name, text } = levelText(metric)
  return name === null ? null : <span className={`level level-${name}`}>{text}</span>
}
