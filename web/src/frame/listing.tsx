import { Fragment, type ReactNode } from 'react'
import './listing.css'

/** People, tokens, sessions: one a line, with what is known of it and what can be done with it. */
export function Listing({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className="listing" aria-label={label}>
      {children}
    </ul>
  )
}

export function Listed({
  name,
  tags,
  facts,
  end,
  children,
}: {
  name: string
  tags?: ReactNode
  /** Each a few words; what is null is left out. */
  facts: readonly { key: string; text: ReactNode; title?: string | undefined }[]
  end?: ReactNode
  /** What came of what was done with it. */
  children?: ReactNode
}) {
  return (
    <li className="listed">
      <div className="listed-main">
        <p className="listed-head">
          <span className="listed-name" title={name}>
            {name}
          </span>
          {tags}
        </p>
        <p className="listed-facts">
          {facts.map(({ key, text, title }, index) => (
            <Fragment key={key}>
              {/* Between two facts for who listens; the gap says it to who looks. */}
              {index > 0 && <span className="visually-hidden">, </span>}
              <span title={title}>{text}</span>
            </Fragment>
          ))}
        </p>
      </div>
      {end !== undefined && <div className="listed-end to-press">{end}</div>}
      {children}
    </li>
  )
}
