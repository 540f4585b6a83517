import { useMutation } from '@tanstack/react-query'
import { useId, useRef, useState, type ChangeEvent, type ReactNode } from 'react'
import type { Problem } from '../api/contract.ts'
import { ask, asProblem } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { many } from '../format/figure.ts'
import { described, FieldFrame } from './field.tsx'
import { Notice } from './notice.tsx'
import { Prose } from './prose.tsx'
import './file-import.css'

/** What is done with a file that says what stands: first what it would change, then the change. The route takes `text` and `dry_run`. */
export function FileImport<Found extends { changes: string[] }>({
  path,
  keys,
  hint,
  example,
  accept,
  holds,
  next,
}: {
  path: string
  /** What its changes change, of what was asked. */
  keys: readonly string[]
  hint: string
  example: string
  accept: string
  holds: (found: Found) => string
  /** Where to go when it is done. */
  next: ReactNode
}) {
  const id = useId()
  const file = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const look = useMutation({
    mutationFn: async (of: string) => ({ of, found: await ask<Found>(path, { text: of, dry_run: true }) }),
  })
  const apply = useChange<Found, { text: string }>(path, ...keys)
  const write = (written: string) => {
    setText(written)
    look.reset()
    apply.reset()
  }
  const take = async (event: ChangeEvent<HTMLInputElement>) => {
    const [chosen] = event.target.files ?? []
    if (chosen === undefined) return
    const read = await chosen.text()
    // So that the same file, changed meanwhile, can be chosen again.
    if (file.current !== null) file.current.value = ''
    write(read)
    look.mutate(read)
  }
  const failed = apply.error ?? look.error
  const found = look.data?.of === text ? look.data.found : null
  return (
    <div className="cards">
      <div className="card">
        <FieldFrame id={`${id}-text`} label="The file" hint={hint} required problem={undefined}>
          <textarea
            {...described(`${id}-text`, undefined)}
            className="is-code"
            rows={14}
            spellCheck={false}
            placeholder={example}
            value={text}
            aria-invalid={failed !== null}
            onChange={(event) => write(event.target.value)}
          />
          <div className="field-buttons">
            <button type="button" className="button" disabled={text.trim() === '' || look.isPending} onClick={() => look.mutate(text)}>
              {look.isPending ? 'Looking…' : 'What would it change?'}
            </button>
            <button type="button" className="button" onClick={() => file.current?.click()}>
              Choose a file
            </button>
            <input ref={file} type="file" hidden accept={accept} onChange={(event) => void take(event)} />
          </div>
        </FieldFrame>
      </div>
      {failed !== null && <Wrong problem={asProblem(failed)} />}
      {apply.data !== undefined ? (
        <Notice tone="good" role="status">
          <strong>{many(apply.data.changes.length, 'change', 'changes')} made.</strong> {next}
        </Notice>
      ) : (
        found !== null && (
          <Changes changes={found.changes} holds={holds(found)} busy={apply.isPending} onApply={() => apply.mutate({ text })} />
        )
      )}
    </div>
  )
}

function Changes({ changes, holds, busy, onApply }: { changes: readonly string[]; holds: string; busy: boolean; onApply: () => void }) {
  if (changes.length === 0)
    return (
      <Notice tone="good" role="status">
        <strong>Nothing would change.</strong> {holds} All of it stands already.
      </Notice>
    )
  return (
    <section className="card" aria-labelledby="file-changes">
      <h2 id="file-changes">{many(changes.length, 'change', 'changes')}</h2>
      <p role="status">{holds} Nothing is changed yet.</p>
      <ul className="file-changes" tabIndex={0} aria-label="What would change">
        {changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
      <div className="form-end">
        <button type="button" className="button button-main" disabled={busy} onClick={onApply}>
          {busy ? 'One moment…' : `Make ${changes.length === 1 ? 'this change' : 'these changes'}`}
        </button>
      </div>
    </section>
  )
}

/** Everything that is wrong with the file, each with its line. */
function Wrong({ problem }: { problem: Problem }) {
  const { detail, help, errors = [] } = problem
  return (
    <Notice tone="bad" role="alert">
      {errors.length === 0 ? (
        <p>
          <strong>
            <Prose text={detail} />
          </strong>
        </p>
      ) : (
        <ul>
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <strong>{path}</strong>: {message}
            </li>
          ))}
        </ul>
      )}
      {help !== null && (
        <p>
          <Prose text={help} />
        </p>
      )}
    </Notice>
  )
}
