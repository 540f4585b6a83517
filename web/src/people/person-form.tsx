import { useId, useState, type FormEvent } from 'react'
import { PEOPLE_KEYS, type Identity, type Person } from '../api/people.ts'
import { useChange } from '../api/use-change.ts'
import { Failure } from '../frame/failure.tsx'
import { identityKey, IdentityWords } from './identities.tsx'

/** What somebody is called, whether it is a program, and which identities are somebody else's. */
export function PersonForm({ person, onDone }: { person: Person; onDone: () => void }) {
  const id = useId()
  const [name, setName] = useState(person.name)
  const [isBot, setIsBot] = useState(person.is_bot)
  const save = useChange<Person, { id: string; name?: string; is_bot?: boolean }>('/v1/people/save', ...PEOPLE_KEYS)
  const said = {
    ...(name.trim() === person.name ? {} : { name: name.trim() }),
    ...(isBot === person.is_bot ? {} : { is_bot: isBot }),
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ id: person.id, ...said }, { onSuccess: onDone })
  }
  return (
    <div className="person-form">
      <form className="person-main" aria-label={`What ${person.name} is called`} noValidate onSubmit={submit}>
        <div className="people-search">
          <label htmlFor={`${id}-name`}>Name</label>
          <input id={`${id}-name`} type="text" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        <label className="check-line">
          <input type="checkbox" checked={isBot} onChange={(event) => setIsBot(event.target.checked)} />
          <span>It is a program</span>
        </label>
        <Failure error={save.error} />
        <div className="field-buttons">
          <button type="submit" className="button" disabled={save.isPending || name.trim() === '' || Object.keys(said).length === 0}>
            {save.isPending ? 'Saving…' : 'Save'}
          </button>
        </div>
      </form>
      {person.identities.length > 1 && <Split person={person} onDone={onDone} />}
    </div>
  )
}

function Split({ person, onDone }: { person: Person; onDone: () => void }) {
  const [chosen, setChosen] = useState<readonly string[]>([])
  const split = useChange<object, { id: string; identities: Pick<Identity, 'kind' | 'provider' | 'value'>[] }>(
    '/v1/people/split',
    ...PEOPLE_KEYS,
  )
  const toggle = (key: string) => setChosen(chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const identities = person.identities
      .filter((identity) => chosen.includes(identityKey(identity)))
      .map(({ kind, provider, value }) => ({ kind, provider, value }))
    split.mutate({ id: person.id, identities }, { onSuccess: onDone })
  }
  return (
    <form aria-label={`Split ${person.name}`} onSubmit={submit}>
      <fieldset>
        <legend>Which of these are somebody else’s?</legend>
        {person.identities.map((identity) => (
          <label className="check-line" key={identityKey(identity)}>
            <input type="checkbox" checked={chosen.includes(identityKey(identity))} onChange={() => toggle(identityKey(identity))} />
            <span>
              <IdentityWords identity={identity} />
            </span>
          </label>
        ))}
      </fieldset>
      <Failure error={split.error} />
      <div className="field-buttons">
        <button
          type="submit"
          className="button"
          disabled={split.isPending || chosen.length === 0 || chosen.length === person.identities.length}
          title={chosen.length === person.identities.length ? 'One of them stays' : undefined}
        >
          {split.isPending ? 'Splitting…' : 'Make them another person'}
        </button>
      </div>
    </form>
  )
}
