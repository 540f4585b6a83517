import { useId, useState, type FormEvent } from 'react'
import { useChange } from '../api/use-change.ts'
import type { Setting } from '../api/settings.ts'
import { date, moment } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import { Failure } from '../frame/failure.tsx'
import { described, Tag } from '../frame/field.tsx'
import { Prose } from '../frame/prose.tsx'
import { editionText } from './editions.ts'
import { valueText } from './values.ts'
import './setting-card.css'

/** One setting: what it decides, its value, who changed it last, and the way back to the default. */
export function SettingCard({
  setting,
  editions,
  mayChange,
  zone,
}: {
  setting: Setting
  editions: readonly string[]
  mayChange: boolean
  zone: string
}) {
  const { key, title, description, derives, is_default: isDefault, updated_at: at, updated_by: by } = setting
  const id = useId()
  const standing = String(setting.value)
  const [text, setText] = useState(standing)
  const save = useChange<Setting, { key: string; value: unknown }>('/v1/settings', 'settings', 'dora', 'metric', 'benchmarks')
  const choices = choicesOf(setting, editions)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const number = Number(text)
    // What is no number is sent as it stands: the server says what is wrong with it, and a null would be the default.
    save.mutate({ key, value: choices === null && Number.isFinite(number) ? number : text })
  }
  const told = { ...described(id, undefined), 'aria-invalid': save.error !== null }
  return (
    <form className="field setting" aria-label={title} noValidate onSubmit={submit}>
      <div className="field-words">
        <label htmlFor={id}>{title}</label> {isDefault && <Tag text="default" />}
        <p className="field-hint" id={`${id}-hint`}>
          <Prose text={description} />
          {derives && ' A change derives everything again, which takes a while.'}
        </p>
      </div>
      <div className="field-control">
        <div className="setting-row">
          {choices === null ? (
            <input
              {...told}
              type="text"
              inputMode="decimal"
              autoComplete="off"
              value={text}
              readOnly={!mayChange}
              onChange={(event) => setText(event.target.value)}
            />
          ) : (
            <select {...told} value={text} disabled={!mayChange} onChange={(event) => setText(event.target.value)}>
              {choices.map((choice) => (
                <option key={choice.value} value={choice.value}>
                  {choice.text}
                </option>
              ))}
            </select>
          )}
          {mayChange && (
            <button type="submit" className="button" disabled={save.isPending || text.trim() === '' || text === standing}>
              {save.isPending ? 'Saving…' : 'Save'}
            </button>
          )}
        </div>
        <Failure error={save.error} />
        {!isDefault && (
          <p className="field-hint">
            {at !== null && by !== null && (
              <>
                Changed by <span className="setting-by">{by}</span> on{' '}
                <time dateTime={at} title={moment(at, zone)}>
                  {date(at, zone)}
                </time>
                .{' '}
              </>
            )}
            {mayChange && (
              <button type="button" className="link" disabled={save.isPending} onClick={() => save.mutate({ key, value: null })}>
                Back to the default, {valueText(setting, setting.default)}
              </button>
            )}
          </p>
        )}
      </div>
    </form>
  )
}

/** What can be chosen; null where a number is written. */
function choicesOf({ key, schema, value }: Setting, editions: readonly string[]): { value: string; text: string }[] | null {
  if (schema.enum !== undefined) return schema.enum.map((one) => ({ value: String(one), text: codeText(String(one)) }))
  if (key !== 'default_edition') return null
  // What stands is shown even before the list of editions is there.
  return [...new Set([...editions, String(value)])].map((edition) => ({ value: edition, text: editionText(edition) }))
}
