import type { ReactNode } from 'react'
import { Prose } from './prose.tsx'
import './field.css'

/** One thing to fill in: what it is called, what it is for, its control, and what is wrong with it. */
export function FieldFrame({
  id,
  label,
  hint,
  required,
  kept = false,
  problem,
  children,
}: {
  id: string
  label: string
  hint: string
  required: boolean
  kept?: boolean
  problem: string | undefined
  children: ReactNode
}) {
  return (
    <div className="field">
      <div className="field-words">
        <label htmlFor={id}>{label}</label> {kept ? <Tag text="kept" /> : required && <Tag text="needed" />}
        <p className="field-hint" id={`${id}-hint`}>
          <Prose text={hint} />
        </p>
      </div>
      <div className="field-control">
        {children}
        <FieldProblem id={id} problem={problem} />
      </div>
    </div>
  )
}

export function FieldProblem({ id, problem }: { id: string; problem: string | undefined }) {
  if (problem === undefined) return null
  return (
    <p className="field-problem" id={`${id}-problem`}>
      <Prose text={problem} />
    </p>
  )
}

export function Tag({ text, title }: { text: string; title?: string }) {
  return (
    <span className="field-tag" title={title}>
      {text}
    </span>
  )
}

/** The attributes with which a control says what it is and what is wrong with it. */
export function described(id: string, problem: string | undefined) {
  return {
    id,
    'aria-describedby': problem === undefined ? `${id}-hint` : `${id}-problem ${id}-hint`,
    'aria-invalid': problem !== undefined,
  }
}
