import { useQueryClient } from '@tanstack/react-query'
import { useId, useState, type FormEvent } from 'react'
import { useSearchParams } from 'wouter'
import type { Problem } from '../api/contract.ts'
import { asProblem, post } from '../api/request.ts'
import { PlainPage } from '../frame/plain-page.tsx'
import { Prose } from '../frame/prose.tsx'
import './sign-in.css'

export function SignIn() {
  const [params] = useSearchParams()
  return (
    <PlainPage title="Sign in to Fairlead">
      {params.get('signin') === 'stale' && (
        <p className="field-problem stale-link" role="alert">
          This sign-in link has been used or has expired. Restart <code>fairlead up</code> for a new one, or paste a token.
        </p>
      )}
      <div className="ways">
        <section className="way">
          <h2>With the sign-in link</h2>
          <p>
            <code>fairlead up</code> prints a link that works once. Open it in this browser and you are in; no account is needed.
          </p>
          <p className="aside">The link is in the terminal, or the container’s log, in which the server was started.</p>
        </section>
        <section className="way">
          <h2>With a token</h2>
          <TokenForm />
        </section>
      </div>
    </PlainPage>
  )
}

function TokenForm() {
  const queries = useQueryClient()
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<Problem | null>(null)
  const [sending, setSending] = useState(false)
  const id = useId()
  const submit = async () => {
    setSending(true)
    setProblem(null)
    try {
      await post('/v1/session', { token: token.trim() })
      await queries.resetQueries()
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setSending(false)
    }
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    void submit()
  }
  return (
    <form className="token-form" onSubmit={onSubmit}>
      <label htmlFor={id}>Access token</label>
      <input
        id={id}
        type="password"
        autoComplete="current-password"
        spellCheck={false}
        placeholder="flt_…"
        required
        value={token}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : `${id}-problem`}
        onChange={(event) => setToken(event.target.value)}
      />
      {problem !== null && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          <Prose text={[problem.detail, problem.help].filter(Boolean).join(' ')} />
        </p>
      )}
      <button type="submit" className="button button-main" disabled={sending || token.trim() === ''}>
        {sending ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  )
}
