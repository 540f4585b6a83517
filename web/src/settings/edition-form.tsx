import { useId, useState, type FormEvent } from 'react'
import { useChange } from '../api/use-change.ts'
import type { Unit } from '../api/contract.ts'
import type { Band } from '../api/settings.ts'
import { codeText } from '../format/words.ts'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { bandText, LIMITED, limitsOf, plain, rowsOf, writingFor, writingsOf, type BandRow, type Limits } from './bands.ts'
import { editionsOf, editionText } from './editions.ts'
import './limits.css'

interface Draft {
  metric: string
  unit: Unit
  writing: string
  limits: Record<(typeof LIMITED)[number], string>
}

/** An edition of one's own: the limits of each level, begun from those of another edition. */
export function EditionForm({
  bands,
  edition,
  titleOf,
  onDone,
}: {
  bands: readonly Band[]
  /** The one that is changed; null makes a new one. */
  edition: string | null
  titleOf: (metric: string) => string
  /** With the name of what was saved, or null. */
  onDone: (saved: string | null) => void
}) {
  const id = useId()
  const known = editionsOf(bands)
  const [name, setName] = useState(edition ?? '')
  const [from, setFrom] = useState(edition ?? editionsOf(bands.filter((band) => !band.is_own)).at(-1) ?? '')
  const [drafts, setDrafts] = useState(() => draftsOf(bands, from))
  const save = useChange<object, { edition: string; rows: BandRow[] }>('/v1/benchmarks', 'benchmarks', 'dora', 'metric')
  const begin = (other: string) => {
    setFrom(other)
    setDrafts(draftsOf(bands, other))
  }
  const change = (metric: string, part: Partial<Draft>) =>
    setDrafts(drafts.map((draft) => (draft.metric === metric ? { ...draft, ...part } : draft)))
  const rows = drafts.flatMap(rowsOfDraft)
  const taken = edition === null && known.includes(name.trim())
  const wrong = drafts.some((draft) => LIMITED.some((level) => isWrong(draft.limits[level])))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ edition: name.trim(), rows }, { onSuccess: () => onDone(name.trim()) })
  }
  return (
    <form
      className="card edition-form"
      aria-label={edition === null ? 'A new edition' : `Levels of ${edition}`}
      noValidate
      onSubmit={submit}
    >
      <h2>{edition === null ? 'An edition of your own' : `Change ${edition}`}</h2>
      <p>
        Each level ends where its limit stands. Low is the rest. A level without a limit does not exist; a metric without any is not rated.
      </p>
      {edition === null && (
        <div>
          <FieldFrame
            id={`${id}-name`}
            label="Name"
            hint="As it stands beside the levels."
            required
            problem={taken ? 'There is an edition of that name.' : undefined}
          >
            <input
              {...described(`${id}-name`, taken ? '' : undefined)}
              type="text"
              autoComplete="off"
              maxLength={40}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </FieldFrame>
          <FieldFrame
            id={`${id}-from`}
            label="Begin from"
            hint="Takes over the limits of another edition."
            required={false}
            problem={undefined}
          >
            <select {...described(`${id}-from`, undefined)} value={from} onChange={(event) => begin(event.target.value)}>
              {known.map((one) => (
                <option key={one} value={one}>
                  {editionText(one)}
                </option>
              ))}
            </select>
          </FieldFrame>
        </div>
      )}
      {drafts.map((draft) => (
        <MetricLimits key={draft.metric} draft={draft} title={titleOf(draft.metric)} onChange={(part) => change(draft.metric, part)} />
      ))}
      <Failure error={save.error} />
      <div className="form-end">
        <button type="button" className="button" onClick={() => onDone(null)}>
          Cancel
        </button>
        <button
          type="submit"
          className="button button-main"
          disabled={save.isPending || name.trim() === '' || taken || wrong || rows.length === 0}
        >
          {save.isPending ? 'Saving…' : 'Save'}
        </button>
      </div>
    </form>
  )
}

function MetricLimits({ draft, title, onChange }: { draft: Draft; title: string; onChange: (part: Partial<Draft>) => void }) {
  const id = useId()
  const { unit, writing, limits } = draft
  const writings = writingsOf(unit)
  const rows = rowsOfDraft(draft)
  const low = rows.find(({ level }) => level === 'low')
  const rewrite = (other: string) => {
    const [before, after] = [writing, other].map((one) => writings.find((known) => known.id === one))
    if (before === undefined || after === undefined) return
    const written = LIMITED.map((level) => {
      const text = limits[level]
      return [level, text.trim() === '' || isWrong(text) ? text : plain(after.write(before.read(Number(text))))]
    })
    onChange({ writing: other, limits: Object.fromEntries(written) as Draft['limits'] })
  }
  return (
    <fieldset className="limits">
      <legend>{title}</legend>
      <div className="limits-row">
        {LIMITED.map((level) => (
          <div key={level} className="limit">
            <label htmlFor={`${id}-${level}`}>
              {codeText(level)}, {unit === 'per_day' ? (writing === 'every' ? 'at most' : 'at least') : 'below'}
            </label>
            <input
              id={`${id}-${level}`}
              type="text"
              inputMode="decimal"
              autoComplete="off"
              value={limits[level]}
              aria-invalid={isWrong(limits[level])}
              onChange={(event) => onChange({ limits: { ...limits, [level]: event.target.value } })}
            />
          </div>
        ))}
        <div className="limit">
          <label htmlFor={`${id}-writing`}>Counted in</label>
          {writings.length === 1 ? (
            <input id={`${id}-writing`} type="text" readOnly value={writings[0]?.text ?? ''} />
          ) : (
            <select id={`${id}-writing`} value={writing} onChange={(event) => rewrite(event.target.value)}>
              {writings.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.text}
                </option>
              ))}
            </select>
          )}
        </div>
      </div>
      <p className="field-hint">
        {LIMITED.some((level) => isWrong(limits[level]))
          ? 'A limit is a number above 0.'
          : low === undefined
            ? 'Not rated.'
            : `Low: ${bandText({ ...low, includes_max: false, edition: '', is_own: true })}.`}
      </p>
    </fieldset>
  )
}

function draftsOf(bands: readonly Band[], edition: string): Draft[] {
  const units = new Map(bands.map(({ metric, unit }) => [metric, unit]))
  const own = bands.filter((band) => band.edition === edition)
  return [...units].map(([metric, unit]) => {
    const limits = limitsOf(own, metric)
    const writing = writingFor(unit, limits)
    const written = LIMITED.map((level) => [level, limits[level] === undefined ? '' : plain(writing.write(limits[level]))])
    return { metric, unit, writing: writing.id, limits: Object.fromEntries(written) as Draft['limits'] }
  })
}

function rowsOfDraft({ metric, unit, writing, limits }: Draft): BandRow[] {
  const read = writingsOf(unit).find((one) => one.id === writing)?.read ?? ((value: number) => value)
  const said: Limits = {}
  for (const level of LIMITED) if (limits[level].trim() !== '' && !isWrong(limits[level])) said[level] = read(Number(limits[level]))
  return rowsOf(metric, unit, said)
}

function isWrong(text: string): boolean {
  return text.trim() !== '' && !(Number(text) > 0 && Number.isFinite(Number(text)))
}
