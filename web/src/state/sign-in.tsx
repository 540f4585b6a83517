import { useLocation, useSearchParams } from 'wouter'
import { useSignInOptions } from '../api/queries.ts'
import { PlainPage } from '../frame/plain-page.tsx'
import { Prose } from '../frame/prose.tsx'
import { EntryForm, type EntryField } from './entry-form.tsx'
import { reasonOf } from './sign-in-reason.ts'
import { SsoLinks } from './sso-links.tsx'
import './sign-in.css'

const ACCOUNT: readonly EntryField[] = [
  { name: 'email', label: 'E-mail', type: 'email', autoComplete: 'username', trimmed: true },
  { name: 'password', label: 'Password', type: 'password', autoComplete: 'current-password' },
]
const TOKEN: readonly EntryField[] = [
  { name: 'token', label: 'Access token', type: 'password', autoComplete: 'off', placeholder: 'flt_…', trimmed: true },
]

export function SignIn() {
  const [path] = useLocation()
  const [params] = useSearchParams()
  const oidc = useSignInOptions()?.oidc ?? []
  const reason = reasonOf(params.get('signin'))
  return (
    <PlainPage title="Sign in to Fairlead">
      {reason !== null && (
        <p className="field-problem stale-link" role="alert">
          <Prose text={reason} />
        </p>
      )}
      <div className="ways">
        {oidc.length > 0 && (
          <section className="way">
            <h2>With single sign-on</h2>
            <SsoLinks providers={oidc} query={{ to: pageWith(path, params) }} />
          </section>
        )}
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

/** The page that somebody wanted, to come back to. */
function pageWith(path: string, params: URLSearchParams): string {
  const rest = new URLSearchParams(params)
  rest.delete('signin')
  return rest.size === 0 ? path : `${path}?${rest}`
}
