import { useRef, useState } from 'react'
import type { Session } from '../api/contract.ts'
import { useInvitations, useMembers } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { Icon } from '../frame/icon.tsx'
import { Listing } from '../frame/listing.tsx'
import { Page } from '../frame/page.tsx'
import { mayAdminister } from '../frame/session-words.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { InvitationEntry } from './invitation-entry.tsx'
import { InvitationForm } from './invitation-form.tsx'
import { MemberEntry } from './member-entry.tsx'
import { NotYours } from './not-yours.tsx'
import './account.css'

/** Who belongs to the organization, as what, and who is invited. */
export default function MembersPage({ session }: { session: Session }) {
  const may = mayAdminister(session)
  const members = useMembers(may)
  const invitations = useInvitations(may)
  const [inviting, setInviting] = useState(false)
  const invite = useRef<HTMLButtonElement>(null)
  const failed = members.error ?? invitations.error
  const retry = () => {
    void members.refetch()
    void invitations.refetch()
  }
  const done = () => {
    setInviting(false)
    // The form is gone, and the focus with it.
    queueMicrotask(() => invite.current?.focus())
  }
  const open = invitations.data?.items ?? []
  return (
    <Page
      status={session}
      title="Members"
      lead={
        members.data === undefined ? undefined : (
          <p>
            {count(members.data.items.length)} {members.data.items.length === 1 ? 'person belongs' : 'people belong'} to{' '}
            {session.organization.name}.
          </p>
        )
      }
      end={
        may ? (
          <button type="button" ref={invite} className="button button-main to-press" disabled={inviting} onClick={() => setInviting(true)}>
            <Icon name="plus" /> Invite a person
          </button>
        ) : undefined
      }
    >
      {!may && <NotYours session={session} what="The list of members" />}
      {failed !== null && (
        <ProblemNotice problem={asProblem(failed)} onRetry={retry} retrying={members.isFetching || invitations.isFetching} />
      )}
      {may && (members.data === undefined || invitations.data === undefined) && failed === null && <CardBones what="the members" />}
      {members.data !== undefined && invitations.data !== undefined && (
        <div className="cards">
          {inviting && <InvitationForm session={session} onDone={done} />}
          {open.length > 0 && (
            <section className="card" aria-labelledby="invited">
              <h2 id="invited">Invited</h2>
              <Listing label="Open invitations">
                {open.map((one) => (
                  <InvitationEntry key={one.id} invitation={one} zone={session.organization.time_zone} />
                ))}
              </Listing>
            </section>
          )}
          <section className="card" aria-label="Members">
            {members.data.items.length === 0 ? (
              <p className="quiet">Nobody yet: whoever is here came with a link or a token. Invite the first person.</p>
            ) : (
              <Listing label="Members">
                {members.data.items.map((member) => (
                  <MemberEntry key={member.user_id} member={member} session={session} />
                ))}
              </Listing>
            )}
          </section>
          <Roles />
        </div>
      )}
    </Page>
  )
}

const ROLES = [
  ['Owner', 'everything, and makes other owners'],
  ['Admin', 'sources, settings, members, tokens, the audit log'],
  ['Member', 'reads, and sends events'],
  ['Viewer', 'reads'],
] as const

function Roles() {
  return (
    <details className="card">
      <summary>What each role may</summary>
      <dl className="facts-list">
        {ROLES.map(([role, text]) => (
          <div key={role}>
            <dt>{role}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
