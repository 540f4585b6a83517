import { useRef, useState } from 'react'
import type { Session } from '../api/contract.ts'
import { useTokens } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { Icon } from '../frame/icon.tsx'
import { Page } from '../frame/page.tsx'
import { mayAdminister, maySeeTokens } from '../frame/session-words.ts'
import { useNow } from '../frame/use-now.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { NotYours } from './not-yours.tsx'
import { TokenForm } from './token-form.tsx'
import { hasEnded, TokenList } from './token-list.tsx'
import './account.css'

/** What programs sign in with. */
export default function TokensPage({ session }: { session: Session }) {
  const may = maySeeTokens(session)
  const tokens = useTokens(may)
  const now = useNow(30_000)
  const [making, setMaking] = useState(false)
  const make = useRef<HTMLButtonElement>(null)
  const zone = session.organization.time_zone
  const standing = tokens.data?.items.filter((token) => !hasEnded(token, now)) ?? []
  const ended = tokens.data?.items.filter((token) => hasEnded(token, now)) ?? []
  const done = () => {
    setMaking(false)
    // The form is gone, and the focus with it.
    queueMicrotask(() => make.current?.focus())
  }
  return (
    <Page
      status={session}
      title="Tokens"
      lead={
        <p>
          With a token a program sends events or reads figures. It never may more than who made it
          {mayAdminister(session) ? '.' : '; here are yours.'}
        </p>
      }
      end={
        may ? (
          <button type="button" ref={make} className="button button-main to-press" disabled={making} onClick={() => setMaking(true)}>
            <Icon name="plus" /> Make a token
          </button>
        ) : undefined
      }
    >
      {!may && <NotYours session={session} what="The list of tokens" />}
      {tokens.error !== null && (
        <ProblemNotice problem={asProblem(tokens.error)} onRetry={() => void tokens.refetch()} retrying={tokens.isFetching} />
      )}
      {may && tokens.data === undefined && tokens.error === null && <CardBones what="the tokens" />}
      {tokens.data !== undefined && (
        <div className="cards">
          {making && <TokenForm session={session} onDone={done} />}
          <section className="card" aria-label="Tokens">
            {standing.length === 0 ? (
              <p className="quiet">There is none. A pipeline needs one to send its deployments.</p>
            ) : (
              <TokenList tokens={standing} zone={zone} label="Tokens that let in" />
            )}
          </section>
          {ended.length > 0 && (
            <details className="card">
              <summary>
                {count(ended.length)} that {ended.length === 1 ? 'has' : 'have'} ended
              </summary>
              <TokenList tokens={ended} zone={zone} label="Tokens that have ended" />
            </details>
          )}
        </div>
      )}
    </Page>
  )
}
