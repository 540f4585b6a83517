import { useId, useState, type FormEvent } from 'react'
import { OWNED_KINDS, TEAM_KEYS, useTried, type OwnedKind, type Rule, type Tried } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { codeText } from '../format/words.ts'
import { Failure } from '../frame/failure.tsx'
import { Icon } from '../frame/icon.tsx'
import { useSettled } from '../frame/use-settled.ts'
import { Choice } from '../review/controls.tsx'
import { many } from '../format/figure.ts'
import './rule-form.css'

/** One more rule, with what it fits while it is being written. */
export function RuleForm({ slug }: { slug: string }) {
  const id = useId()
  const [kind, setKind] = useState<OwnedKind>('service')
  const [pattern, setPattern] = useState('')
  const [precedence, setPrecedence] = useState('0')
  const add = useChange<Rule, { slug: string; kind: OwnedKind; pattern: string; precedence: number }>('/v1/teams/owns', ...TEAM_KEYS)
  const written = useSettled(pattern.trim())
  const rank = Number.isInteger(Number(precedence)) && precedence.trim() !== '' ? Number(precedence) : null
  const tried = useTried(slug, { kind, pattern: written, precedence: rank ?? 0 })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate({ slug, kind, pattern: pattern.trim(), precedence: rank ?? 0 }, { onSuccess: () => setPattern('') })
  }
  return (
    <form className="rule-form" aria-label="Add a rule" noValidate onSubmit={submit}>
      <div className="rule-form-row">
        <Choice
          label="Kind"
          value={kind}
          options={OWNED_KINDS.map((one) => ({ value: one, text: codeText(one) }))}
          onChoose={(chosen) => setKind(chosen as OwnedKind)}
        />
        <div className="rule-form-pattern">
          <label htmlFor={`${id}-pattern`}>Name or pattern</label>
          <input
            id={`${id}-pattern`}
            type="text"
            autoComplete="off"
            spellCheck={false}
            maxLength={300}
            placeholder={kind === 'service' ? 'pay-*' : 'acme/pay-*'}
            value={pattern}
            aria-describedby={`${id}-help`}
            onChange={(event) => setPattern(event.target.value)}
          />
        </div>
        <div className="rule-form-rank">
          <label htmlFor={`${id}-rank`}>Precedence</label>
          <input
            id={`${id}-rank`}
            type="text"
            inputMode="numeric"
            autoComplete="off"
            value={precedence}
            aria-invalid={rank === null}
            onChange={(event) => setPrecedence(event.target.value)}
          />
        </div>
        <button type="submit" className="button" disabled={add.isPending || pattern.trim() === '' || rank === null}>
          <Icon name="plus" /> {add.isPending ? 'Adding…' : 'Add'}
        </button>
      </div>
      <p className="field-hint" id={`${id}-help`}>
        <code>*</code> is anything but <code>/</code>, <code>**</code> anything, <code>?</code> one character; what ends with <code>/</code>{' '}
        means all below. A plain name counts before a pattern, then the higher precedence.
      </p>
      <Failure error={add.error ?? (written === '' ? null : tried.error)} />
      {written !== '' && tried.error === null && tried.data !== undefined && <Fits slug={slug} kind={kind} tried={tried.data.items} />}
    </form>
  )
}

const SHOWN = 10

function Fits({ slug, kind, tried }: { slug: string; kind: OwnedKind; tried: readonly Tried[] }) {
  const won = tried.filter(({ before, after }) => before !== slug && after === slug)
  const number =
    kind === 'service'
      ? many(tried.length, 'known service', 'known services')
      : many(tried.length, 'known repository', 'known repositories')
  return (
    <div className="fits" role="status">
      <p>
        <strong>Fits {number}</strong>
        {tried.length === 0
          ? '. It counts for those that appear.'
          : won.length === 0
            ? ', and changes the owner of none.'
            : `, ${won.length} of them new to this team.`}
      </p>
      {tried.length > 0 && (
        <ul>
          {tried.slice(0, SHOWN).map(({ name, before, after }) => (
            <li key={name}>
              <span className="fits-name" title={name}>
                {name}
              </span>{' '}
              <span className="quiet">
                {after === before
                  ? after === slug
                    ? 'is theirs already'
                    : `stays with ${after}`
                  : before === null
                    ? 'had no owner'
                    : `from ${before}`}
              </span>
            </li>
          ))}
          {tried.length > SHOWN && <li className="quiet">and {tried.length - SHOWN} more</li>}
        </ul>
      )}
    </div>
  )
}
