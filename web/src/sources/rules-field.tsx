import { useEffect, useId, useRef, useState } from 'react'
import { FieldProblem } from '../frame/field.tsx'
import { Icon } from '../frame/icon.tsx'
import { Prose } from '../frame/prose.tsx'
import { ruleOf, type Field, type Rule, type RulePart } from './settings.ts'
import './rules-field.css'

/** A list of rules, in the order in which they are tried. */
export function RulesField({
  field,
  rules,
  problem,
  onChange,
}: {
  field: Field & { kind: 'rules' }
  rules: Rule[]
  problem: string | undefined
  onChange: (rules: Rule[]) => void
}) {
  const id = useId()
  const list = useRef<HTMLOListElement>(null)
  const more = useRef<HTMLButtonElement>(null)
  const [focusAt, setFocusAt] = useState<number | null>(null)
  useEffect(() => {
    if (focusAt === null) return
    list.current?.children[focusAt]?.querySelector<HTMLElement>('select, input, textarea')?.focus()
    setFocusAt(null)
  }, [focusAt])
  const set = (index: number, part: string, text: string) =>
    onChange(rules.map((rule, place) => (place === index ? { ...rule, [part]: text } : rule)))
  const add = () => {
    onChange([...rules, ruleOf(field.parts, {})])
    setFocusAt(rules.length)
  }
  const remove = (index: number) => {
    onChange(rules.filter((_, place) => place !== index))
    more.current?.focus()
  }
  const earlier = (index: number) => {
    onChange(rules.map((rule, place) => (place === index - 1 ? rules[index] : place === index ? rules[index - 1] : rule) ?? rule))
    setFocusAt(index - 1)
  }
  return (
    <div className="field" role="group" aria-labelledby={`${id}-label`} aria-describedby={`${id}-hint`}>
      <div className="field-words">
        <span className="field-label" id={`${id}-label`}>
          {field.label}
        </span>
        <p className="field-hint" id={`${id}-hint`}>
          <Prose text={field.description} />
        </p>
        <details className="rule-help">
          <summary>What the fields of a rule mean</summary>
          <dl>
            {field.parts.map(({ name, label, description }) => (
              <div key={name}>
                <dt>{label}</dt>
                <dd>
                  <Prose text={description} />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
      <div className="field-control rules-control">
        {rules.length === 0 && <p className="quiet">No rule.</p>}
        <ol className="rules-list" ref={list}>
          {rules.map((rule, index) => (
            // A rule has no identity but its place.
            <li key={`rule ${index + 1}`}>
              <fieldset className="rule">
                <legend>Rule {index + 1}</legend>
                <div className="rule-parts">
                  {field.parts.map((part) => (
                    <RulePartControl
                      key={part.name}
                      part={part}
                      value={rule[part.name] ?? ''}
                      onChange={(text) => set(index, part.name, text)}
                    />
                  ))}
                </div>
                <div className="field-buttons">
                  {index > 0 && (
                    <button type="button" className="button" aria-label={`Earlier: rule ${index + 1}`} onClick={() => earlier(index)}>
                      <Icon name="up" /> Earlier
                    </button>
                  )}
                  <button type="button" className="button" aria-label={`Remove rule ${index + 1}`} onClick={() => remove(index)}>
                    <Icon name="remove" /> Remove
                  </button>
                </div>
              </fieldset>
            </li>
          ))}
        </ol>
        <FieldProblem id={id} problem={problem} />
        <div className="field-buttons">
          <button type="button" className="button" ref={more} data-invalid={problem !== undefined} onClick={add}>
            <Icon name="plus" /> Add a rule
          </button>
        </div>
      </div>
    </div>
  )
}

function RulePartControl({ part, value, onChange }: { part: RulePart; value: string; onChange: (text: string) => void }) {
  const id = useId()
  const { label, kind, choices, required, description } = part
  return (
    <div className="rule-part" title={description.replaceAll('`', '')}>
      <label htmlFor={id}>{label}</label>
      {kind === 'choice' ? (
        <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
          {!required && <option value="">not said</option>}
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : kind === 'boolean' ? (
        <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">not said</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      ) : kind === 'lines' ? (
        <textarea
          id={id}
          rows={2}
          spellCheck={false}
          placeholder="One per line"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <input id={id} type="text" autoComplete="off" spellCheck={false} value={value} onChange={(event) => onChange(event.target.value)} />
      )}
    </div>
  )
}
