import { useState } from 'react'
import { count } from '../format/figure.ts'

const SHOWN = 12

/** Names side by side; of many, the first ones and a way to the rest. */
export function Chips({ names, label }: { names: readonly string[]; label: string }) {
  const [all, setAll] = useState(false)
  const shown = all ? names : names.slice(0, SHOWN)
  return (
    <>
      <ul className="chips" aria-label={label}>
        {shown.map((name) => (
          <li key={name} title={name}>
            {name}
          </li>
        ))}
      </ul>
      {shown.length < names.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          Show all {count(names.length)}
        </button>
      )}
    </>
  )
}
