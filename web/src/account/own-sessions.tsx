import { useState } from 'react'
import type { OwnSession } from '../api/contract.ts'
import { useOwnSessions } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { agentText } from '../format/agent.ts'
import { count } from '../format/figure.ts'
import { moment } from '../format/moment.ts'
import { Ago } from '../frame/ago.tsx'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Tag } from '../frame/field.tsx'
import { Listed, Listing } from '../frame/listing.tsx'
import { useNow } from '../frame/use-now.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'

/** Where one is signed in, and how that ends. */
export function OwnSessions({ zone, severalOrganizations }: { zone: string; severalOrganizations: boolean }) {
  const sessions = useOwnSessions()
  const [ending, setEnding] = useState(false)
  const all = useChange<{ revoked: number }, { others: true }>('/v1/sessions/revoke', 'sessions')
  if (sessions.data === undefined)
    return sessions.error === null ? (
      <CardBones what="your sessions" cards={1} />
    ) : (
      <ProblemNotice problem={asProblem(sessions.error)} onRetry={() => void sessions.refetch()} retrying={sessions.isFetching} />
    )
  const { items } = sessions.data
  const others = items.filter(({ is_current }) => !is_current).length
  return (
    <section className="card" aria-labelledby="own-sessions">
      <div className="card-head">
        <h2 id="own-sessions">Where you are signed in</h2>
        {others > 1 && (
          <button type="button" className="button button-bad to-press" onClick={() => setEnding(true)}>
            End all others
          </button>
        )}
      </div>
      <Listing label="Your sessions">
        {items.map((one) => (
          <SessionEntry key={one.id} session={one} zone={zone} severalOrganizations={severalOrganizations} />
        ))}
      </Listing>
      {ending && (
        <ConfirmDialog
          title={`End ${count(others)} other sessions?`}
          act="End them"
          keep="Keep them"
          busy={all.isPending}
          onAct={() => all.mutate({ others: true }, { onSuccess: () => setEnding(false) })}
          onCancel={() => setEnding(false)}
        >
          <p>Whoever uses them has to sign in again. This one stays.</p>
          <Failure error={all.error} />
        </ConfirmDialog>
      )}
    </section>
  )
}

function SessionEntry({ session, zone, severalOrganizations }: { session: OwnSession; zone: string; severalOrganizations: boolean }) {
  const now = useNow(30_000)
  const end = useChange<{ revoked: number }, { id: string }>('/v1/sessions/revoke', 'sessions')
  const { id, agent, address, organization, created_at, last_seen_at, is_current } = session
  const name = agentText(agent)
  return (
    <Listed
      name={name}
      tags={is_current && <Tag text="this one" />}
      facts={[
        {
          key: 'seen',
          text: (
            <>
              last seen <Ago at={last_seen_at} now={now} zone={zone} never="never" />
            </>
          ),
        },
        { key: 'address', text: address === null ? 'unknown address' : `from ${address}`, title: agent ?? undefined },
        { key: 'since', text: `since ${moment(created_at, zone)}` },
        ...(severalOrganizations ? [{ key: 'organization', text: `in ${organization}` }] : []),
      ]}
      end={
        is_current ? undefined : (
          <button
            type="button"
            className="button"
            aria-label={`End the session of ${name}, ${address ?? 'unknown address'}`}
            disabled={end.isPending}
            onClick={() => end.mutate({ id })}
          >
            {end.isPending ? 'Ending…' : 'End'}
          </button>
        )
      }
    >
      <Failure error={end.error} />
    </Listed>
  )
}
