import { useEffect, useId, useRef, useState, type FormEvent } from 'react'
import type { MadeLink, Role, Session } from '../api/contract.ts'
import { asProblem, fieldOf } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { ShownOnce } from '../frame/shown-once.tsx'
import { mailedText } from './mailed-text.ts'
import { RoleSelect } from './role-select.tsx'

/** Invites a person and shows the link, once. */
export function InvitationForm({ session, onDone }: { session: Session; onDone: () => void }) {
  const id = useId()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('member')
  const invite = useChange<MadeLink & { id: string }, { email: string; role: Role }>('/v1/invitations', 'invitations')
  const at = invite.error === null ? null : fieldOf(asProblem(invite.error), ['email', 'role'])
  const problem = at?.name === 'email' ? at.text : undefined
  const roleProblem = at?.name === 'role' ? at.text : undefined
  if (invite.data !== undefined)
    return (
      <ShownOnce title={`The invitation of ${invite.variables.email}`} secret={invite.data.link} label="the link" onDone={onDone}>
        <p>It works once, for ten days, and is shown only now. {mailedText(invite.data, invite.variables.email)}</p>
      </ShownOnce>
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    invite.mutate({ email: email.trim(), role })
  }
  return (
    <form className="card to-press" aria-label="Invite a person" noValidate onSubmit={submit}>
      <div>
        <FieldFrame id={`${id}-email`} label="E-mail" hint="They sign in with it. An older link to it ends." required problem={problem}>
          <input
            {...described(`${id}-email`, problem)}
            ref={first}
            type="email"
            autoComplete="off"
            spellCheck={false}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </FieldFrame>
        <FieldFrame id={`${id}-role`} label="Role" hint="It can be changed at any time." required={false} problem={roleProblem}>
          <RoleSelect {...described(`${id}-role`, roleProblem)} session={session} value={role} onChoose={setRole} />
        </FieldFrame>
      </div>
      {at === null && <Failure error={invite.error} />}
      <div className="form-end">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button-main" disabled={invite.isPending || email.trim() === ''}>
          {invite.isPending ? 'Inviting…' : 'Invite'}
        </button>
      </div>
    </form>
  )
}
