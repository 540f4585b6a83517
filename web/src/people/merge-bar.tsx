import { useState } from 'react'
import { PEOPLE_KEYS, type Person } from '../api/people.ts'
import { useChange } from '../api/use-change.ts'
import { Failure } from '../frame/failure.tsx'
import { Notice } from '../frame/notice.tsx'
import { Choice } from '../review/controls.tsx'
import { many } from '../format/figure.ts'
import { identityText } from './identities.tsx'

/** What is done with the people who are chosen: they become one. */
export function MergeBar({ chosen, onDone }: { chosen: readonly Person[]; onDone: () => void }) {
  const [kept, setKept] = useState<string | null>(null)
  const merge = useChange<Person, { into: string; from: string[] }>('/v1/people/merge', ...PEOPLE_KEYS)
  const into = chosen.find(({ id }) => id === kept) ?? chosen[0]
  if (into === undefined)
    return merge.data === undefined ? null : (
      <Notice tone="good" role="status">
        They are one person now, <strong>{merge.data.name}</strong>. Splitting it gives back who was there before.
      </Notice>
    )
  const from = chosen.filter((one) => one !== into).map(({ id }) => id)
  return (
    <section className="card merge-bar" aria-label="The people who are chosen">
      <p role="status">
        <strong>{many(chosen.length, 'person', 'people')} chosen:</strong> {chosen.map(({ name }) => name).join(', ')}
        {chosen.length === 1 && '. Choose whoever is the same person.'}
      </p>
      {chosen.length > 1 && (
        <Choice
          label="Who stays"
          value={into.id}
          options={chosen.map((one) => ({ value: one.id, text: nameIn(one, chosen) }))}
          onChoose={setKept}
        />
      )}
      <button type="button" className="button" onClick={onDone}>
        Choose nobody
      </button>
      {chosen.length > 1 && (
        <button
          type="button"
          className="button button-main"
          disabled={merge.isPending}
          onClick={() => merge.mutate({ into: into.id, from }, { onSuccess: onDone })}
        >
          {merge.isPending ? 'One moment…' : 'They are one person'}
        </button>
      )}
      <Failure error={merge.error} />
    </section>
  )
}

/** Two of the same name are told apart by an identity. */
function nameIn(person: Person, chosen: readonly Person[]): string {
  const [first] = person.identities
  const isAlone = chosen.filter(({ name }) => name === person.name).length === 1
  return isAlone || first === undefined ? person.name : `${person.name} (${identityText(first)})`
}
