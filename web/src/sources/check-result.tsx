import type { Check } from '../api/contract.ts'
import { Notice } from '../frame/notice.tsx'
import { Prose } from '../frame/prose.tsx'

/** What the tool said to the question whether it can be read. */
export function CheckResult({ check }: { check: Check }) {
  if (check.ok && check.missing.length === 0)
    return (
      <Notice tone="good" role="status">
        It can be read, and nothing is missing.
      </Notice>
    )
  return (
    <Notice tone={check.ok ? 'warn' : 'bad'} role="status">
      <p>
        <strong>{check.ok ? 'It works; something is missing:' : 'It cannot work like this:'}</strong>
      </p>
      <ul>
        {check.missing.map((one) => (
          <li key={one}>
            <Prose text={one} />
          </li>
        ))}
      </ul>
    </Notice>
  )
}
