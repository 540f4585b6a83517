import { useId, useState, type FormEvent } from 'react'
import { usePeople, type Person } from '../api/people.ts'
import { TEAM_KEYS, type Member } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { Failure } from '../frame/failure.tsx'
import { useSettled } from '../frame/use-settled.ts'
import { identityText } from '../people/identities.tsx'
import { dayAfter } from './membership.ts'

const FOUND = 20

/** Somebody comes into a team: who, as what, and from when to when. */
export function MemberForm({ slug, onDone }: { slug: string; onDone: () => void }) {
  const id = useId()
  const [q, setQ] = useState('')
  const [chosen, setChosen] = useState('')
  const [role, setRole] = useState('')
  const [first, setFirst] = useState('')
  const [last, setLast] = useState('')
  const found = usePeople(useSettled(q.trim()), FOUND)
  const people = (found.data?.pages[0]?.items ?? []).filter((person) => !person.is_bot)
  // Who was chosen and is not among those found now is not added unseen.
  const person = people.find((one) => one.id === chosen)?.id ?? people[0]?.id ?? ''
  const add = useChange<Member, object>('/v1/teams/members', ...TEAM_KEYS, 'people')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(
      {
        slug,
        person_id: person,
        ...(role.trim() === '' ? {} : { role: role.trim() }),
        ...(first === '' ? {} : { valid_from: first }),
        ...(last === '' ? {} : { valid_to: dayAfter(last) }),
      },
      { onSuccess: onDone },
    )
  }
  return (
    <form className="member-form" aria-label="Add a member" noValidate onSubmit={submit}>
      <div className="member-form-row">
        <div>
          <label htmlFor={`${id}-q`}>Find a person</label>
          <input
            id={`${id}-q`}
            type="search"
            autoComplete="off"
            spellCheck={false}
            placeholder="Name, e-mail or login"
            value={q}
            onChange={(event) => setQ(event.target.value)}
          />
        </div>
        <div>
          <label htmlFor={`${id}-person`}>Person</label>
          <select id={`${id}-person`} value={person} disabled={people.length === 0} onChange={(event) => setChosen(event.target.value)}>
            {people.length === 0 && <option value="">{found.data === undefined ? 'Looking…' : 'Nobody is found'}</option>}
            {people.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label htmlFor={`${id}-role`}>Role (as you call it)</label>
          <input
            id={`${id}-role`}
            type="text"
            autoComplete="off"
            maxLength={100}
            value={role}
            onChange={(event) => setRole(event.target.value)}
          />
        </div>
        <div>
          <label htmlFor={`${id}-first`}>First day (none: ever since)</label>
          <input id={`${id}-first`} type="date" value={first} onChange={(event) => setFirst(event.target.value)} />
        </div>
        <div>
          <label htmlFor={`${id}-last`}>Last day (none: still)</label>
          <input id={`${id}-last`} type="date" value={last} onChange={(event) => setLast(event.target.value)} />
        </div>
      </div>
      <Failure error={add.error ?? found.error} />
      <div className="form-end">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button-main" disabled={add.isPending || person === '' || found.isPlaceholderData}>
          {add.isPending ? 'Adding…' : 'Add'}
        </button>
      </div>
    </form>
  )
}

/** With an identity, by which two of the same name are told apart. */
function nameOf({ name, identities }: Person): string {
  const other = identities.find(({ value }) => value !== name)
  return other === undefined ? name : `${name} (${identityText(other)})`
}
