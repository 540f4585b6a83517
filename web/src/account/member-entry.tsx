import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { mayGive } from '../../../src/account/role.ts'
import type { MadeLink, Member, Role, Session } from '../api/contract.ts'
import { useTokens } from '../api/queries.ts'
import { useChange } from '../api/use-change.ts'
import { date } from '../format/moment.ts'
import { Ago } from '../frame/ago.tsx'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Tag } from '../frame/field.tsx'
import { Listed } from '../frame/listing.tsx'
import { ShownOnce } from '../frame/shown-once.tsx'
import { useNow } from '../frame/use-now.ts'
import { mailedText } from './mailed-text.ts'
import { RoleSelect } from './role-select.tsx'

export function MemberEntry({ member, session }: { member: Member; session: Session }) {
  const now = useNow(30_000)
  const { user_id, email, full_name, role } = member
  const [removing, setRemoving] = useState(false)
  // Whoever changes their own role may do something else from now on.
  const change = useChange<Member, { email: string; role: Role }>('/v1/members', 'members', 'session')
  const reset = useChange<MadeLink, { user_id: string }>('/v1/members/reset-password')
  const resetButton = useRef<HTMLButtonElement>(null)
  const resetDone = () => {
    reset.reset()
    // What was shown is gone, and the focus with it.
    queueMicrotask(() => resetButton.current?.focus())
  }
  const name = full_name === '' ? email : full_name
  const zone = session.organization.time_zone
  const isSelf = session.user?.id === user_id
  const mayTouch = mayGive(session.rights, role)
  return (
    <Listed
      name={name}
      tags={
        <>
          {isSelf && <Tag text="you" />}
          {member.is_disabled && <Tag text="disabled" />}
        </>
      }
      facts={[
        ...(name === email ? [] : [{ key: 'email', text: email, title: email }]),
        {
          key: 'seen',
          text:
            member.last_signin_at === null ? (
              'never signed in'
            ) : (
              <>
                signed in <Ago at={member.last_signin_at} now={now} zone={zone} never="never" />
              </>
            ),
        },
        { key: 'since', text: `member since ${date(member.created_at, zone)}` },
      ]}
      end={
        <>
          <RoleSelect
            label={`Role of ${name}`}
            session={session}
            value={change.isPending ? change.variables.role : role}
            disabled={change.isPending}
            onChoose={(chosen) => change.mutate({ email, role: chosen })}
          />
          {mayTouch && !isSelf && (
            <button
              type="button"
              className="button"
              ref={resetButton}
              aria-label={`Reset password of ${name}`}
              title="Make a link by which they set a new one"
              disabled={reset.isPending}
              onClick={() => reset.mutate({ user_id })}
            >
              Reset password
            </button>
          )}
          {mayTouch && (
            <button
              type="button"
              className="button button-bad"
              aria-label={isSelf ? 'Leave' : `Remove ${name}`}
              onClick={() => setRemoving(true)}
            >
              {isSelf ? 'Leave' : 'Remove'}
            </button>
          )}
        </>
      }
    >
      {change.isSuccess && (
        <p className="visually-hidden" role="status">
          {name} is {change.data.role} now.
        </p>
      )}
      <Failure error={change.error ?? reset.error} />
      {reset.data !== undefined && (
        <ShownOnce title={`A link for ${name} to set a new password`} secret={reset.data.link} label="the link" onDone={resetDone}>
          <p>It works once, within the hour, and is shown only now. {mailedText(reset.data, email)}</p>
        </ShownOnce>
      )}
      {removing && <RemoveDialog member={member} name={name} session={session} isSelf={isSelf} onCancel={() => setRemoving(false)} />}
    </Listed>
  )
}

function RemoveDialog({
  member,
  name,
  session,
  isSelf,
  onCancel,
}: {
  member: Member
  name: string
  session: Session
  isSelf: boolean
  onCancel: () => void
}) {
  const queries = useQueryClient()
  const tokens = useTokens(true).data?.items.filter((token) => token.created_by === member.email && token.revoked_at === null) ?? []
  const remove = useChange<{ removed: string }, { user_id: string }>('/v1/members/remove', 'members', 'tokens')
  const act = () =>
    remove.mutate(
      { user_id: member.user_id },
      // Their own session here has ended, too.
      { onSuccess: () => (isSelf ? queries.resetQueries() : undefined) },
    )
  return (
    <ConfirmDialog
      title={isSelf ? `Leave ${session.organization.name}?` : `Remove ${name} from ${session.organization.name}?`}
      act={isSelf ? 'Leave' : 'Remove'}
      keep={isSelf ? 'Stay' : 'Keep'}
      busy={remove.isPending}
      onAct={act}
      onCancel={onCancel}
    >
      <p>
        {isSelf ? 'Your' : 'Their'} sessions here end at once
        {tokens.length === 0
          ? '.'
          : `, and so ${tokens.length === 1 ? 'does this token' : 'do these tokens'} that ${isSelf ? 'you' : 'they'} made:`}
      </p>
      {tokens.length > 0 && (
        <ul className="ending">
          {tokens.map(({ id, name: token }) => (
            <li key={id}>{token}</li>
          ))}
        </ul>
      )}
      <p>The account stays, and what was done with it stays in the audit log.</p>
      <Failure error={remove.error} />
    </ConfirmDialog>
  )
}
