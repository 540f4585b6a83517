import { useId, type FormEvent } from 'react'
import { useSearchParams } from 'wouter'
import type { Session } from '../api/contract.ts'
import { useAudit } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { Page } from '../frame/page.tsx'
import { mayAdminister } from '../frame/session-words.ts'
import { Choice } from '../review/controls.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { AuditEntry } from './audit-entry.tsx'
import { ACTIONS, actionText } from './audit-words.ts'
import { NotYours } from './not-yours.tsx'
import './account.css'
import './audit.css'

/** Who changed what, when and from where. */
export default function AuditPage({ session }: { session: Session }) {
  const [params, setParams] = useSearchParams()
  const may = mayAdminister(session)
  const action = params.get('action') ?? ''
  const actor = params.get('actor') ?? ''
  const search = new URLSearchParams({ ...(action === '' ? {} : { action }), ...(actor === '' ? {} : { actor }) }).toString()
  const log = useAudit(search, may)
  const change = (name: 'action' | 'actor', value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before)
        if (value === '') next.delete(name)
        else next.set(name, value)
        return next
      },
      { replace: true },
    )
  const entries = log.data?.pages.flatMap(({ items }) => items) ?? []
  return (
    <Page
      status={session}
      title="Audit log"
      lead={<p>Who changed what, when and from where, newest first. Nothing is ever taken out of it.</p>}
      end={
        may ? (
          <a className="button to-press" href={`/v1/audit?format=ndjson${search === '' ? '' : `&${search}`}`} download>
            Export as NDJSON
          </a>
        ) : undefined
      }
    >
      {!may && <NotYours session={session} what="The audit log" />}
      {may && <Filters action={action} actor={actor} known={entries.map((entry) => entry.actor.name)} onChange={change} />}
      {log.error !== null && <ProblemNotice problem={asProblem(log.error)} onRetry={() => void log.refetch()} retrying={log.isFetching} />}
      {may && log.data === undefined && log.error === null && <CardBones what="the audit log" />}
      {log.data !== undefined && (
        <div className={log.isPlaceholderData ? 'cards figures is-old' : 'cards figures'} aria-busy={log.isPlaceholderData}>
          <section className="card" aria-label="Entries">
            {entries.length === 0 ? (
              <p className="quiet">{search === '' ? 'Nothing has been changed yet.' : 'Nothing like that has been noted.'}</p>
            ) : (
              <ol className="audit">
                {entries.map((entry) => (
                  <AuditEntry
                    key={entry.id}
                    entry={entry}
                    zone={session.organization.time_zone}
                    onActor={(name) => change('actor', name)}
                  />
                ))}
              </ol>
            )}
            {log.hasNextPage && (
              <button type="button" className="button to-press" disabled={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
                {log.isFetchingNextPage ? 'Loading…' : 'Show older'}
              </button>
            )}
          </section>
        </div>
      )}
    </Page>
  )
}

function Filters({
  action,
  actor,
  known,
  onChange,
}: {
  action: string
  actor: string
  known: readonly string[]
  onChange: (name: 'action' | 'actor', value: string) => void
}) {
  const id = useId()
  const actions = Object.keys(ACTIONS).concat(action === '' || action in ACTIONS ? [] : [action])
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    onChange('actor', String(new FormData(event.currentTarget).get('actor') ?? '').trim())
  }
  return (
    <form className="controls audit-filters to-press" aria-label="What the log shows" onSubmit={submit}>
      <Choice
        label="What was done"
        value={action}
        options={[{ value: '', text: 'Everything' }, ...actions.map((value) => ({ value, text: actionText(value) }))]}
        onChoose={(value) => onChange('action', value)}
      />
      <div className="choice">
        <label htmlFor={id}>Who did it</label>
        {/* Another actor in the address is another beginning of what is typed. */}
        <input
          key={actor}
          id={id}
          name="actor"
          type="search"
          list={`${id}-known`}
          placeholder="E-mail or name"
          autoComplete="off"
          spellCheck={false}
          defaultValue={actor}
        />
        <datalist id={`${id}-known`}>
          {[...new Set(known)].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <button type="submit" className="button">
        Show
      </button>
      {(action !== '' || actor !== '') && (
        <button
          type="button"
          className="button"
          onClick={() => {
            onChange('action', '')
            onChange('actor', '')
          }}
        >
          Show all
        </button>
      )}
    </form>
  )
}
