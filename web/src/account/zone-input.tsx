import { clock } from '../format/moment.ts'
import { described, FieldFrame } from '../frame/field.tsx'
import { useNow } from '../frame/use-now.ts'

/** Each engine knows its own list, and not every list has UTC in it. */
const ZONES = [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])]

/** A time zone, found by typing a part of its name. */
export function ZoneInput({
  id,
  value,
  problem,
  onChange,
}: {
  id: string
  value: string
  problem: string | undefined
  onChange: (zone: string) => void
}) {
  const now = useNow(30_000)
  const hint = 'In it days and weeks are cut, in every figure. Type a part of its name: `Berlin`.'
  return (
    <FieldFrame id={id} label="Time zone" hint={hint} required problem={problem}>
      <input
        {...described(id, problem)}
        type="text"
        list={`${id}-zones`}
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={`${id}-zones`}>
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      {/* Its line is there before there is something to say, so that nothing jumps. */}
      <p className="field-hint" aria-live="polite">
        {ZONES.includes(value.trim()) ? `There it is ${clock(new Date(now).toISOString(), value.trim())} now.` : '\u00A0'}
      </p>
    </FieldFrame>
  )
}
