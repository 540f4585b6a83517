import { useRef, useState } from 'react'
import { flushSync } from 'react-dom'
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
  const options = useSignInOptions()
  const oidc = options?.oidc ?? []
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
          <Account mail={options?.mail === true} />
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

/** The password, or a link by mail for who forgot it. */
function Account({ mail }: { readonly mail: boolean }) {
  const [step, setStep] = useState<'password' | 'forgotten' | 'asked'>('password')
  const box = useRef<HTMLDivElement>(null)
  // What was pressed is gone: the keyboard goes on at what came in its place.
  const goTo = (next: typeof step) => {
    flushSync(() => setStep(next))
    box.current?.querySelector<HTMLElement>('input, [tabindex]')?.focus()
  }
  return (
    <div className="way-step" ref={box}>
      {step === 'password' && (
        <>
          <EntryForm key={step} path="/v1/session" fields={ACCOUNT} button="Continue" sendingWord="One moment…" />
          {mail && (
            <button type="button" className="button" onClick={() => goTo('forgotten')}>
              Forgotten the password?
            </button>
          )}
        </>
      )}
      {step === 'forgotten' && (
        <>
          <p>A link that sets a new password comes by mail.</p>
          <EntryForm
            key={step}
            path="/v1/password/forgot"
            fields={ACCOUNT.slice(0, 1)}
            button="Send the link"
            sendingWord="One moment…"
            onEntered={() => goTo('asked')}
            stays
          />
          <button type="button" className="button" onClick={() => goTo('password')}>
            Back to the password
          </button>
        </>
      )}
      {step === 'asked' && (
        <p role="status" tabIndex={-1}>
          If there is an account with this e-mail, a link is on its way. It works once, within the hour. Nothing comes? Ask an
          administrator.
        </p>
      )}
    </div>
  )
}

/** The page that somebody wanted, to come back to. */
function pageWith(path: string, params: URLSearchParams): string {
  const rest = new URLSearchParams(params)
  rest.delete('signin')
  return rest.size === 0 ? path : `${path}?${rest}`
}
