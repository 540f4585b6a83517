import { useState } from 'react'
import { PEOPLE_KEYS, useSuggestions, type Suggestion } from '../api/people.ts'
import { asProblem } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { count } from '../format/figure.ts'
import { Failure } from '../frame/failure.tsx'
import { Prose } from '../frame/prose.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { Identities } from './identities.tsx'

const SHOWN = 3

/** Who may be one person. Nothing of it is done by itself. */
export function Suggestions({ mayChange }: { mayChange: boolean }) {
  const [all, setAll] = useState(false)
  const suggestions = useSuggestions()
  if (suggestions.error !== null)
    return (
      <ProblemNotice problem={asProblem(suggestions.error)} onRetry={() => void suggestions.refetch()} retrying={suggestions.isFetching} />
    )
  const items = suggestions.data?.items ?? []
  if (items.length === 0) return null
  const shown = all ? items : items.slice(0, SHOWN)
  return (
    <section className="card" aria-labelledby="suggestions">
      <h2 id="suggestions">Same person?</h2>
      <ul className="suggestions">
        {shown.map((suggestion) => (
          <SuggestionEntry key={suggestion.id} suggestion={suggestion} mayChange={mayChange} />
        ))}
      </ul>
      {shown.length < items.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          Show {count(items.length - shown.length)} more
        </button>
      )}
    </section>
  )
}

function SuggestionEntry({ suggestion: { id, people, reason }, mayChange }: { suggestion: Suggestion; mayChange: boolean }) {
  const merge = useChange<object, { into: string; from: string[] }>('/v1/people/merge', ...PEOPLE_KEYS)
  const dismiss = useChange<object, { id: string }>('/v1/people/suggestions/dismiss', 'people')
  // Who is known under more stays.
  const [into, ...others] = people.toSorted((a, b) => b.identities.length - a.identities.length)
  const busy = merge.isPending || dismiss.isPending
  const names = people.map(({ name }) => name).join(' and ')
  return (
    <li className="suggestion" aria-label={names}>
      {people.map(({ id: person, name, identities }) => (
        <div className="suggestion-side" key={person}>
          <p className="person-name" title={name}>
            {name}
          </p>
          <Identities identities={identities} of={name} />
        </div>
      ))}
      <p className="suggestion-reason">
        <Prose text={reason} />
      </p>
      <Failure error={merge.error ?? dismiss.error} />
      {mayChange && into !== undefined && (
        <div className="field-buttons">
          <button
            type="button"
            className="button"
            disabled={busy}
            onClick={() => merge.mutate({ into: into.id, from: others.map((one) => one.id) })}
          >
            One person
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => dismiss.mutate({ id })}>
            Two people
          </button>
        </div>
      )}
    </li>
  )
}
