import { useQuery } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { useSignInOptions } from '../api/queries.ts'
import { asProblem, get } from '../api/request.ts'
import { PlainPage } from '../frame/plain-page.tsx'
import { Prose } from '../frame/prose.tsx'
import { EntryForm, type EntryField } from './entry-form.tsx'
import { SsoLinks } from './sso-links.tsx'
import './sign-in.css'

interface Invitation {
  readonly email: string
  readonly organization: string
  readonly role: string
  readonly has_account: boolean
}

const NAME: EntryField = { name: 'full_name', label: 'Your name', type: 'text', autoComplete: 'name', trimmed: true }
const PRESENT: EntryField = { name: 'password', label: 'Password', type: 'password', autoComplete: 'current-password' }
const CHOSEN: EntryField = {
  name: 'password',
  label: 'A new password, 8 characters or more',
  type: 'password',
  autoComplete: 'new-password',
}

/** Where an invitation leads. */
export function InvitationPage({ code }: { readonly code: string }) {
  const [, go] = useLocation()
  const oidc = useSignInOptions()?.oidc ?? []
  const { data, error } = useQuery({
    queryKey: ['invitation', code],
    queryFn: ({ signal }) => get<Invitation>(`/v1/invitations/${encodeURIComponent(code)}`, signal),
    retry: false,
  })
  if (error !== null) {
    const { detail, help } = asProblem(error)
    return (
      <PlainPage title="This invitation is not open">
        <p>
          <Prose text={[detail, help].filter(Boolean).join(' ')} />
        </p>
      </PlainPage>
    )
  }
  if (data === undefined) return <PlainPage title="An invitation">{null}</PlainPage>
  return (
    <PlainPage title={`Join ${data.organization}`}>
      <section className="way">
        <p>
          {data.email} is invited as {data.role}.{' '}
          {data.has_account ? 'It has an account here: its password joins.' : 'Choose a password, and you are in.'}
        </p>
        <EntryForm
          path="/v1/invitations/accept"
          fields={data.has_account ? [PRESENT] : [NAME, CHOSEN]}
          fixed={{ code }}
          button="Join"
          sendingWord="Joining…"
          onEntered={() => go('/')}
        />
        {oidc.length > 0 && (
          <>
            <p>Or without a password:</p>
            <SsoLinks providers={oidc} query={{ invitation: code }} />
          </>
        )}
      </section>
    </PlainPage>
  )
}

/** Where a reset link leads. */
export function ResetPage({ code }: { readonly code: string }) {
  const [, go] = useLocation()
  return (
    <PlainPage title="Choose a new password">
      <section className="way">
        <p>Every session of the account ends, and a new one begins here.</p>
        <EntryForm
          path="/v1/password/reset"
          fields={[CHOSEN]}
          fixed={{ code }}
          button="Set the password"
          sendingWord="One moment…"
          onEntered={() => go('/')}
        />
      </section>
    </PlainPage>
  )
}
