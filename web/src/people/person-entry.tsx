import { useState } from 'react'
import { Link } from 'wouter'
import type { Person } from '../api/people.ts'
import type { Team } from '../api/teams.ts'
import { Ago } from '../frame/ago.tsx'
import { Tag } from '../frame/field.tsx'
import { useNow } from '../frame/use-now.ts'
import { teamAddress } from '../teams/addresses.ts'
import { Identities } from './identities.tsx'
import { PersonForm } from './person-form.tsx'

/** One person, and what can be said of them. */
export function PersonEntry({
  person,
  teams,
  zone,
  isChosen,
  onChoose,
}: {
  person: Person
  teams: readonly Team[]
  zone: string
  isChosen: boolean
  /** Null for who may only read. */
  onChoose: (() => void) | null
}) {
  const now = useNow(60_000)
  const [open, setOpen] = useState(false)
  const { name, is_bot: isBot, identities, last_seen_at: seen } = person
  return (
    <li className="person">
      {onChoose !== null && <input type="checkbox" aria-label={`Choose ${name}`} checked={isChosen} onChange={onChoose} />}
      <div className="person-main">
        <p className="person-head">
          <span className="person-name" title={name}>
            {name}
          </span>
          {isBot && <Tag text="bot" title="A program, not a person" />}
          {person.teams.map((slug) => (
            <Link key={slug} href={teamAddress(slug)}>
              {teams.find((team) => team.slug === slug)?.name ?? slug}
            </Link>
          ))}
          <span className="quiet">
            seen <Ago at={seen} now={now} zone={zone} never="never" />
          </span>
        </p>
        <Identities identities={identities} of={name} />
      </div>
      {onChoose !== null && (
        <button
          type="button"
          className="button button-quiet"
          aria-expanded={open}
          aria-label={`${open ? 'Close' : 'Change'} ${name}`}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Close' : 'Change'}
        </button>
      )}
      {open && onChoose !== null && <PersonForm person={person} onDone={() => setOpen(false)} />}
    </li>
  )
}
