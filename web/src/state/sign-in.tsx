import { useSearchParams } from 'wouter'
import { PlainPage } from '../frame/plain-page.tsx'
import { EntryForm, type EntryField } from './entry-form.tsx'
import './sign-in.css'

const ACCOUNT: readonly EntryField[] = [
  { name: 'email', label: 'E-mail', type: 'email', autoComplete: 'username', trimmed: true },
  { name: 'password', label: 'Password', type: 'password', autoComplete: 'current-password' },
]
const TOKEN: readonly EntryField[] = [
  { name: 'token', label: 'Access token', type: 'password', autoComplete: 'off', placeholder: 'flt_…', trimmed: true },
]

export function SignIn() {
  const [params] = useSearchParams()
  return (
    <PlainPage title="Sign in to Fairlead">
      {params.get('signin') === 'stale' && (
        <p className="field-problem stale-link" role="alert">
          This sign-in link has been used or has expired. Restart <code>fairlead up</code> for a new one, or come in another way.
        </p>
      )}
      <div className="ways">
        <section className="way">
          <h2>With your account</h2>
          <EntryForm path="/v1/session" fields={ACCOUNT} button="Continue" sendingWord="One moment…" />
        </section>
        <section className="way">
          <h2>With the sign-in link</h2>
          <p>
            <code>fairlead up</code> prints a link that works once. Open it in this browser and you are in; no account is needed.
          </p>
          <p className="aside">The link is in the terminal, or the container’s log, in which the server was started.</p>
        </section>
        <section className="way">
          <h2>With a token</h2>
          <EntryForm path="/v1/session" fields={TOKEN} button="Sign in" sendingWord="Signing in…" />
        </section>
      </div>
    </PlainPage>
  )
}
