import { useId, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { Status } from '../api/contract.ts'
import { usePeople, type Person } from '../api/people.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { useTeams } from '../api/teams.ts'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { useSettled } from '../frame/use-settled.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { TeamPages } from '../teams/team-pages.tsx'
import { MergeBar } from './merge-bar.tsx'
import { PersonEntry } from './person-entry.tsx'
import { Suggestions } from './suggestions.tsx'
import './people-page.css'

/** Who people are: one person under however many e-mails and logins. No figure is of a person. */
export default function PeoplePage({ status }: { status: Status }) {
  const id = useId()
  const [params, setParams] = useSearchParams()
  const [written, setWritten] = useState(params.get('q') ?? '')
  const q = useSettled(written.trim())
  const mayChange = useMayChange()
  const people = usePeople(q)
  const teams = useTeams().data?.items ?? []
  const [chosen, setChosen] = useState<readonly Person[]>([])
  const items = people.data?.pages.flatMap((page) => page.items)
  const choose = (person: Person) =>
    setChosen((before) => (before.some((one) => one.id === person.id) ? before.filter((one) => one.id !== person.id) : [...before, person]))
  const search = (text: string) => {
    setWritten(text)
    setParams(text.trim() === '' ? {} : { q: text.trim() }, { replace: true })
  }
  return (
    <Page
      status={status}
      title="People"
      lead={<p>One person, however many e-mails and logins. It decides who is in a team; no figure is of a person.</p>}
      end={
        mayChange === true ? (
          <Link href="/people/mailmap" className="button">
            Import a .mailmap
          </Link>
        ) : undefined
      }
    >
      <TeamPages />
      <div className="cards">
        {mayChange === false && <ReadOnly what="the people" />}
        <Suggestions mayChange={mayChange === true} />
        <section className="card" aria-label="People">
          <div className="people-search">
            <label htmlFor={`${id}-q`}>Search</label>
            <input
              id={`${id}-q`}
              type="search"
              autoComplete="off"
              spellCheck={false}
              placeholder="A part of a name, an e-mail or a login"
              value={written}
              onChange={(event) => search(event.target.value)}
            />
          </div>
          {people.error !== null && (
            <ProblemNotice problem={asProblem(people.error)} onRetry={() => void people.refetch()} retrying={people.isFetching} />
          )}
          {items === undefined ? (
            people.error === null && <CardBones what="the people" />
          ) : items.length === 0 ? (
            <p className="quiet" role="status">
              {q === ''
                ? 'Nobody yet. People appear with what the sources tell: authors, reviewers, who deploys.'
                : `Nobody is found for “${q}”.`}
            </p>
          ) : (
            <ul className={people.isPlaceholderData ? 'people is-old' : 'people'} aria-label="People" aria-busy={people.isPlaceholderData}>
              {items.map((person) => (
                <PersonEntry
                  key={person.id}
                  person={person}
                  teams={teams}
                  zone={status.organization.time_zone}
                  isChosen={chosen.some((one) => one.id === person.id)}
                  onChoose={mayChange === true ? () => choose(person) : null}
                />
              ))}
            </ul>
          )}
          {people.hasNextPage && (
            <button type="button" className="link" disabled={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
              {people.isFetchingNextPage ? 'Loading…' : 'Show more people'}
            </button>
          )}
        </section>
        <MergeBar chosen={chosen} onDone={() => setChosen([])} />
      </div>
    </Page>
  )
}
