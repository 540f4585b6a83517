import { useEffect, useId, useRef, useState, type FormEvent } from 'react'
import type { Scope, Session, Token } from '../api/contract.ts'
import { asProblem, fieldOf } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { exampleEvent } from '../format/example-event.ts'
import { date } from '../format/moment.ts'
import { Command } from '../frame/copy-button.tsx'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { ShownOnce } from '../frame/shown-once.tsx'

const SCOPES: readonly { scope: Scope; title: string; text: string }[] = [
  { scope: 'ingest', title: 'Send events', text: 'What a pipeline needs to report its deployments. It reads nothing.' },
  { scope: 'read', title: 'Read', text: 'Figures, and the rows behind them.' },
  { scope: 'admin', title: 'Administer', text: 'Sources, settings, members, tokens and the audit log; includes the other two.' },
]
const DAY_MS = 86_400_000
const SPANS = [
  { value: '30', text: 'in 30 days' },
  { value: '90', text: 'in 90 days' },
  { value: '365', text: 'in a year' },
]
const NEVER = 'never'

interface NewToken {
  name: string
  scopes: Scope[]
  expires_at: string | null
}

/** Makes a token and shows it, once. */
export function TokenForm({ session, onDone }: { session: Session; onDone: () => void }) {
  const id = useId()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<readonly Scope[]>(['ingest'])
  const [span, setSpan] = useState('365')
  const [opened] = useState(() => Date.now())
  const make = useChange<Token & { token: string }, NewToken>('/v1/tokens', 'tokens')
  const at = make.error === null ? null : fieldOf(asProblem(make.error), ['name'])
  const problem = at === null ? undefined : at.text
  if (make.data !== undefined) return <Made token={make.data} onDone={onDone} />
  const offered = SCOPES.filter(({ scope }) => session.rights.includes(scope))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const expires_at = span === NEVER ? null : new Date(Date.now() + Number(span) * DAY_MS).toISOString()
    make.mutate({ name: name.trim(), scopes: [...scopes], expires_at })
  }
  const turn = (scope: Scope, on: boolean) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))
  return (
    <form className="card to-press" aria-label="A new token" onSubmit={submit}>
      <div>
        <FieldFrame id={`${id}-name`} label="Name" hint="For whom or what it is: `deploys of shop`." required problem={problem}>
          <input
            {...described(`${id}-name`, problem)}
            ref={first}
            type="text"
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </FieldFrame>
        <div className="field" role="group" aria-labelledby={`${id}-scopes`}>
          <div className="field-words">
            <span className="field-label" id={`${id}-scopes`}>
              It may
            </span>
            <p className="field-hint">As little as does the work.</p>
          </div>
          <div className="field-control choices">
            {offered.map(({ scope, title, text }) => (
              <label key={scope} className="choice-line">
                <input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => turn(scope, event.target.checked)} />
                <span>
                  {title} <small>{text}</small>
                </span>
              </label>
            ))}
          </div>
        </div>
        <FieldFrame id={`${id}-span`} label="It ends" hint="Whatever uses it needs another by then." required={false} problem={undefined}>
          <select {...described(`${id}-span`, undefined)} value={span} onChange={(event) => setSpan(event.target.value)}>
            {SPANS.map(({ value, text }) => (
              <option key={value} value={value}>
                {text}, {date(new Date(opened + Number(value) * DAY_MS).toISOString(), session.organization.time_zone)}
              </option>
            ))}
            <option value={NEVER}>never, until it is revoked</option>
          </select>
        </FieldFrame>
      </div>
      {at === null && <Failure error={make.error} />}
      <div className="form-end">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button-main" disabled={make.isPending || name.trim() === '' || scopes.length === 0}>
          {make.isPending ? 'Making…' : 'Make it'}
        </button>
      </div>
    </form>
  )
}

function Made({ token, onDone }: { token: Token & { token: string }; onDone: () => void }) {
  const [now] = useState(() => new Date())
  const sends = token.scopes.some((scope) => scope === 'ingest' || scope === 'admin')
  return (
    <ShownOnce title={`The token ${token.name}: it is shown only now`} secret={token.token} label="the token" onDone={onDone}>
      <p>
        In a pipeline keep it as a masked variable, <code>FAIRLEAD_TOKEN</code>. A job then{' '}
        {sends ? 'sends its deployment' : 'reads the figures'} like this:
      </p>
      <Command
        text={
          sends
            ? exampleEvent('$FAIRLEAD_TOKEN', now)
            : `curl ${window.location.origin}/v1/dora \\\n  -H "authorization: Bearer $FAIRLEAD_TOKEN"`
        }
        label="an example of its use"
      />
    </ShownOnce>
  )
}
