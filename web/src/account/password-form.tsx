import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState, type FormEvent } from 'react'
import { asProblem, fieldOf, post } from '../api/request.ts'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { Notice } from '../frame/notice.tsx'
import { PASSWORD_RULES } from './password-rules.ts'

/** One's own password. */
export function PasswordForm({ email }: { email: string }) {
  const queries = useQueryClient()
  const id = useId()
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const change = useMutation({
    mutationFn: (body: { current: string; password: string }) => post('/v1/password', body),
    onSuccess: async () => {
      setCurrent('')
      setPassword('')
      await queries.invalidateQueries({ queryKey: ['sessions'] })
    },
  })
  const at = change.error === null ? null : fieldOf(asProblem(change.error), ['current', 'password'])
  const problemOf = (name: string) => (at?.name === name ? at.text : undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ current, password })
  }
  return (
    <form className="card" aria-labelledby={`${id}-title`} onSubmit={submit}>
      <h2 id={`${id}-title`}>Password</h2>
      {/* For who keeps passwords in the browser: it must know whose this is. */}
      <input className="visually-hidden" type="email" autoComplete="username" value={email} readOnly tabIndex={-1} aria-hidden="true" />
      <div>
        <FieldFrame
          id={`${id}-current`}
          label="Present password"
          hint="So that nobody changes it who only found this page open."
          required={false}
          problem={problemOf('current')}
        >
          <input
            {...described(`${id}-current`, problemOf('current'))}
            type="password"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        </FieldFrame>
        <FieldFrame id={`${id}-new`} label="New password" hint={PASSWORD_RULES} required={false} problem={problemOf('password')}>
          <input
            {...described(`${id}-new`, problemOf('password'))}
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </FieldFrame>
      </div>
      {at === null && <Failure error={change.error} />}
      {change.isSuccess && current === '' && (
        <Notice tone="good" role="status">
          The password is changed, and every other session has ended.
        </Notice>
      )}
      <div className="form-end">
        <button type="submit" className="button button-main" disabled={change.isPending || current === '' || password === ''}>
          {change.isPending ? 'Changing…' : 'Change the password'}
        </button>
      </div>
    </form>
  )
}
