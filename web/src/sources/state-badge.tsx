import type { SourceState } from '../api/contract.ts'
import { stateWords } from './source-words.ts'
import './state-badge.css'

export function StateBadge({ state }: { state: SourceState }) {
  const { text, tone, meaning } = stateWords(state)
  return (
    <span className={`state is-${tone}`} title={meaning}>
      {text}
    </span>
  )
}
