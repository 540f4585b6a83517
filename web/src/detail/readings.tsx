import type { CatalogueEntry } from '../api/contract.ts'
import { codeText } from '../format/words.ts'
import { Choice } from '../review/controls.tsx'
import type { ChangeView } from '../use-view.ts'
import type { View } from '../view-state.ts'

/** Other ways to count the same thing: one sample per something else, or as another tool counts it. */
export function Readings({ entry, view, change }: { entry: CatalogueEntry; view: View; change: ChangeView }) {
  const [usual, ...others] = entry.bases
  if (others.length === 0 && entry.variants.length === 0) return null
  return (
    <div className="readings">
      {usual !== undefined && others.length > 0 && (
        <Choice
          label="One sample per"
          value={view.basis ?? usual}
          options={entry.bases.map((basis) => ({ value: basis, text: codeText(basis) }))}
          onChoose={(basis) => change({ basis: basis === usual ? null : basis }, { replace: true })}
        />
      )}
      {entry.variants.length > 0 && (
        <Choice
          label="Counted as"
          value={view.variant ?? ''}
          options={[{ value: '', text: 'Defined here' }, ...entry.variants.map(({ id, title }) => ({ value: id, text: title }))]}
          onChoose={(variant) => change({ variant: variant === '' ? null : variant }, { replace: true })}
        />
      )}
    </div>
  )
}
