import { useQueryClient } from '@tanstack/react-query'
import { useId, useState, type FormEvent } from 'react'
import type { Problem } from '../api/contract.ts'
import { asProblem, post } from '../api/request.ts'
import { Prose } from '../frame/prose.tsx'
import './entry-form.css'

export interface EntryField {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'email' | 'password'
  readonly autoComplete: string
  readonly placeholder?: string
  /** Of what is pasted: no password begins or ends with what was meant as a blank. */
  readonly trimmed?: true
}

/** A form by which one comes in. What it opens is a session, so everything that was asked before is asked again. */
export function EntryForm({
  path,
  fields,
  fixed = {},
  button,
  sendingWord,
  onEntered,
}: {
  readonly path: string
  readonly fields: readonly EntryField[]
  readonly fixed?: Readonly<Record<string, string>>
  readonly button: string
  readonly sendingWord: string
  readonly onEntered?: () => void
}) {
  const queries = useQueryClient()
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [problem, setProblem] = useState<Problem | null>(null)
  const [sending, setSending] = useState(false)
  const id = useId()
  const valueOf = ({ name, trimmed }: EntryField) => (trimmed ? (values[name] ?? '').trim() : (values[name] ?? ''))
  const submit = async () => {
    setSending(true)
    setProblem(null)
    try {
      await post(path, { ...fixed, ...Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])) })
      onEntered?.()
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
    <form className="entry-form" onSubmit={onSubmit}>
      {fields.map((field) => (
        <div key={field.name} className="entry-field">
          <label htmlFor={`${id}-${field.name}`}>{field.label}</label>
          <input
            id={`${id}-${field.name}`}
            type={field.type}
            autoComplete={field.autoComplete}
            spellCheck={false}
            placeholder={field.placeholder}
            required
            value={values[field.name] ?? ''}
            aria-invalid={problem !== null}
            aria-describedby={problem === null ? undefined : `${id}-problem`}
            onChange={(event) => setValues({ ...values, [field.name]: event.target.value })}
          />
        </div>
      ))}
      {problem !== null && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          <Prose text={[problem.detail, problem.help].filter(Boolean).join(' ')} />
        </p>
      )}
      <button type="submit" className="button button-main" disabled={sending || fields.some((field) => valueOf(field) === '')}>
        {sending ? sendingWord : button}
      </button>
    </form>
  )
}
