import { Link, useLocation } from 'wouter'
import type { Session } from '../api/contract.ts'
import { useSignInOptions } from '../api/queries.ts'
import { PlainPage } from '../frame/plain-page.tsx'
import { EntryForm, type EntryField } from '../state/entry-form.tsx'
import { PASSWORD_RULES } from './password-rules.ts'
import '../state/sign-in.css'

const FIELDS: readonly EntryField[] = [
  { name: 'full_name', label: 'Your name', type: 'text', autoComplete: 'name', trimmed: true },
  {
    name: 'email',
    label: 'E-mail',
    type: 'email',
    autoComplete: 'username',
    trimmed: true,
    hint: 'You sign in with it. Nothing is sent to it.',
  },
  { name: 'password', label: 'A password', type: 'password', autoComplete: 'new-password', hint: PASSWORD_RULES },
]

/** The first account, made by who came with the one-time link. */
export default function SetupPage({ session }: { session: Session }) {
  const [, go] = useLocation()
  const options = useSignInOptions()
  const mayMake = session.user === null && session.rights.includes('superuser')
  if (options?.setup === false)
    return (
      <PlainPage title="There are accounts already" signedIn>
        <p>
          The first one is made here; the others by invitation
          {session.rights.includes('admin') && (
            <>
              , on <Link href="/members">the members page</Link>
            </>
          )}
          .
        </p>
      </PlainPage>
    )
  if (!mayMake)
    return (
      <PlainPage title="The first account" signedIn>
        <p>
          It is made by who opens the link that <code>fairlead up</code> prints.
        </p>
      </PlainPage>
    )
  return (
    <PlainPage title="Make your account" signedIn>
      <p className="lead">
        It runs this installation and owns the organization {session.organization.name}. From here on you sign in with it.
      </p>
      <section className="way">
        <EntryForm path="/v1/setup" fields={FIELDS} button="Make the account" sendingWord="One moment…" onEntered={() => go('/')} />
      </section>
    </PlainPage>
  )
}
