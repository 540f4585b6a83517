import { useMutation } from '@tanstack/react-query'
import { useId, useRef, useState, type ChangeEvent } from 'react'
import { Link } from 'wouter'
import type { Problem, Status } from '../api/contract.ts'
import { ask, asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { TEAM_KEYS, type Imported } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { described, FieldFrame } from '../frame/field.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { Prose } from '../frame/prose.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { TeamPages } from './team-pages.tsx'
import { many } from './team-words.ts'
import './import-page.css'

const EXAMPLE = `teams:
  - slug: payments
    name: Payments
    owns:
      - service: pay-*
      - repository: acme/payments`

/** Teams from a file: first what it would change, then the change. */
export default function ImportPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  return (
    <Page status={status} title="Import teams" lead={<p>From YAML or JSON, as often as you like: again it changes nothing.</p>}>
      <TeamPages />
      {mayChange === false ? <ReadOnly what="the teams" /> : <ImportForm />}
    </Page>
  )
}

function ImportForm() {
  const id = useId()
  const file = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const look = useMutation({
    mutationFn: async (of: string) => ({ of, found: await ask<Imported>('/v1/teams/import', { text: of, dry_run: true }) }),
  })
  const apply = useChange<Imported, { text: string }>('/v1/teams/import', ...TEAM_KEYS)
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
        <FieldFrame
          id={`${id}-text`}
          label="The file"
          hint="A team of the file becomes what the file says. Rules that were added by hand stay, and so do teams that it does not name."
          required
          problem={undefined}
        >
          <textarea
            {...described(`${id}-text`, undefined)}
            className="is-code"
            rows={14}
            spellCheck={false}
            placeholder={EXAMPLE}
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
            <input ref={file} type="file" hidden accept=".yaml,.yml,.json" onChange={(event) => void take(event)} />
          </div>
        </FieldFrame>
      </div>
      {failed !== null && <Wrong problem={asProblem(failed)} />}
      {apply.data !== undefined ? (
        <Notice tone="good" role="status">
          <strong>{many(apply.data.changes.length, 'change', 'changes')} made.</strong> <Link href="/teams">Go to the teams</Link>
        </Notice>
      ) : (
        found !== null && <Changes found={found} busy={apply.isPending} onApply={() => apply.mutate({ text })} />
      )}
    </div>
  )
}

function Changes({ found, busy, onApply }: { found: Imported; busy: boolean; onApply: () => void }) {
  const { teams, owns, changes } = found
  const holds = `The file holds ${many(teams, 'team', 'teams')} and ${many(owns, 'rule', 'rules')}.`
  if (changes.length === 0)
    return (
      <Notice tone="good" role="status">
        <strong>Nothing would change.</strong> {holds} All of it stands already.
      </Notice>
    )
  return (
    <section className="card" aria-labelledby="import-changes">
      <h2 id="import-changes">{many(changes.length, 'change', 'changes')}</h2>
      <p role="status">{holds} Nothing is changed yet.</p>
      <ul className="import-changes" tabIndex={0} aria-label="What would change">
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
