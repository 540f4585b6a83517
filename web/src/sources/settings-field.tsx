import { useId, useState } from 'react'
import { Command } from '../frame/copy-button.tsx'
import { described, FieldFrame, FieldProblem, Tag } from '../frame/field.tsx'
import { Prose } from '../frame/prose.tsx'
import { RulesField } from './rules-field.tsx'
import type { Field, Rule, Value } from './settings.ts'

interface FieldProps {
  field: Field
  value: Value
  /** A credential that stands and is kept unless another is given. */
  kept: boolean
  problem: string | undefined
  onChange: (value: Value) => void
}

/** One setting: what it is called, what it is for, the control that fits its kind, and what is wrong with it. */
export function SettingsField(props: FieldProps) {
  const { field, problem } = props
  const id = useId()
  if (field.kind === 'rules') return <RulesField field={field} rules={props.value as Rule[]} problem={problem} onChange={props.onChange} />
  if (field.kind === 'secrets') return <Secrets {...props} most={field.most} />
  return (
    <FieldFrame id={id} label={field.label} hint={field.description} required={field.required} kept={props.kept} problem={problem}>
      <Control {...props} id={id} />
    </FieldFrame>
  )
}

function Control({ field, value, kept, problem, onChange, id }: FieldProps & { id: string }) {
  const told = described(id, problem)
  const text = String(value)
  switch (field.kind) {
    case 'boolean':
      return <input {...told} type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />
    case 'choice':
      return (
        <select {...told} value={text} onChange={(event) => onChange(event.target.value)}>
          {!field.required && field.schema.default === undefined && <option value="">not said</option>}
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      )
    case 'lines':
      return (
        <textarea
          {...told}
          rows={Math.min(8, Math.max(3, text.split('\n').length + 1))}
          spellCheck={false}
          placeholder="One per line"
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )
    case 'json':
      return <JsonControl told={told} text={text} onChange={onChange} />
    case 'secret': {
      const placeholder = kept ? 'Kept unless given again' : undefined
      return field.long ? (
        // A password field would take the line breaks out of a key.
        <textarea
          {...told}
          className="is-masked"
          rows={4}
          spellCheck={false}
          autoComplete="off"
          placeholder={placeholder}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <input
          {...told}
          type="password"
          autoComplete="new-password"
          spellCheck={false}
          placeholder={placeholder}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )
    }
    default:
      return (
        <input
          {...told}
          type="text"
          inputMode={field.kind === 'number' ? 'numeric' : field.schema.format === 'uri' ? 'url' : undefined}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )
  }
}

function JsonControl({ told, text, onChange }: { told: ReturnType<typeof described>; text: string; onChange: (text: string) => void }) {
  const [problem, setProblem] = useState<string | null>(null)
  const look = () => {
    try {
      if (text.trim() !== '') JSON.parse(text)
      setProblem(null)
    } catch (thrown) {
      setProblem(thrown instanceof Error ? thrown.message : String(thrown))
    }
  }
  return (
    <>
      <textarea
        {...told}
        className="is-code"
        rows={Math.min(14, Math.max(4, text.split('\n').length + 1))}
        spellCheck={false}
        placeholder="JSON"
        value={text}
        onBlur={look}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem !== null && !told['aria-invalid'] && <p className="field-problem">This is no JSON: {problem}</p>}
    </>
  )
}

/** The secrets of a webhook: two while one takes the place of the other. Fairlead can make one, and then shows it, for the tool must know it. */
function Secrets({ field, value, kept, problem, onChange, most }: FieldProps & { most: number }) {
  const id = useId()
  const [made, setMade] = useState<string | null>(null)
  const secrets = value as string[]
  const set = (index: number, text: string) => onChange(secrets.map((one, place) => (place === index ? text : one)))
  const make = () => {
    const fresh = randomSecret()
    setMade(fresh)
    const free = secrets.findIndex((one) => one === '')
    if (free !== -1) set(free, fresh)
    else onChange([...secrets.slice(0, most - 1), fresh])
  }
  return (
    <div className="field" role="group" aria-labelledby={`${id}-label`}>
      <div className="field-words">
        <span className="field-label" id={`${id}-label`}>
          {field.label}
        </span>{' '}
        {kept && <Tag text="kept" />}
        <p className="field-hint" id={`${id}-hint`}>
          <Prose text={field.description} />
          {kept && '. What is given here takes the place of all that are kept.'}
        </p>
      </div>
      <div className="field-control">
        {secrets.map((text, index) => (
          <input
            // A secret has no identity but its place.
            key={`secret ${index + 1}`}
            {...described(index === 0 ? id : `${id}-${index}`, index === 0 ? problem : undefined)}
            aria-describedby={`${id}-hint`}
            aria-label={secrets.length === 1 ? field.label : `${field.label}, ${index + 1} of ${secrets.length}`}
            type="password"
            autoComplete="new-password"
            spellCheck={false}
            placeholder={kept ? 'Kept unless given again' : undefined}
            value={text}
            onChange={(event) => set(index, event.target.value)}
          />
        ))}
        <FieldProblem id={id} problem={problem} />
        <div className="field-buttons">
          <button type="button" className="button" onClick={make}>
            Make one
          </button>
          {secrets.length < most && (
            <button type="button" className="button" onClick={() => onChange([...secrets, ''])}>
              Add another
            </button>
          )}
        </div>
        {made !== null && secrets.includes(made) && (
          <>
            <p className="field-hint">Enter it in the tool, too. After saving it is not shown again.</p>
            <Command text={made} label="the secret of the webhook" />
          </>
        )}
      </div>
    </div>
  )
}

const SECRET_BYTES = 24

function randomSecret(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
