import { useQueryClient } from '@tanstack/react-query'
import { useId, useState, type FormEvent } from 'react'
import type { Problem } from '../api/contract.ts'
import { asProblem, fieldOf, post } from '../api/request.ts'
import { Prose } from '../frame/prose.tsx'
import './entry-form.css'

export interface EntryField {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'email' | 'password'
  readonly autoComplete: string
  readonly placeholder?: string
  /** What is asked of it, before it is refused. */
  readonly hint?: string
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
  stays = false,
}: {
  readonly path: string
  readonly fields: readonly EntryField[]
  readonly fixed?: Readonly<Record<string, string>>
  readonly button: string
  readonly sendingWord: string
  readonly onEntered?: () => void
  /** It opens no session, so nothing is asked again. */
  readonly stays?: boolean
}) {
  const queries = useQueryClient()
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [problem, setProblem] = useState<Problem | null>(null)
  const [sending, setSending] = useState(false)
  const id = useId()
  const valueOf = ({ name, trimmed }: EntryField) => (trimmed ? (values[name] ?? '').trim() : (values[name] ?? ''))
  const names = fields.map(({ name }) => name)
  const submit = async () => {
    setSending(true)
    setProblem(null)
    try {
      await post(path, { ...fixed, ...Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])) })
      onEntered?.()
      if (!stays) await queries.resetQueries()
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
  const at = problem === null ? null : fieldOf(problem, names)
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
            aria-invalid={problem !== null && (at === null || at.name === field.name)}
            aria-describedby={[
              ...(problem !== null && (at === null || at.name === field.name) ? [`${id}-problem`] : []),
              ...(field.hint === undefined ? [] : [`${id}-${field.name}-hint`]),
            ].join(' ')}
            onChange={(event) => setValues({ ...values, [field.name]: event.target.value })}
          />
          {at?.name === field.name && <EntryProblem id={`${id}-problem`} text={at.text} />}
          {field.hint !== undefined && (
            <p className="entry-hint" id={`${id}-${field.name}-hint`}>
              {field.hint}
            </p>
          )}
        </div>
      ))}
      {problem !== null && at === null && (
        <EntryProblem id={`${id}-problem`} text={[problem.detail, problem.help].filter(Boolean).join(' ')} />
      )}
      <button type="submit" className="button button-main" disabled={sending || fields.some((field) => valueOf(field) === '')}>
        {sending ? sendingWord : button}
      </button>
    </form>
  )
}

function EntryProblem({ id, text }: { readonly id: string; readonly text: string }) {
  return (
    <p className="field-problem" id={id} role="alert">
      <Prose text={text} />
    </p>
  )
}
