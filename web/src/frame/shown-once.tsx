import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Command } from './copy-button.tsx'
import './shown-once.css'

/** A secret at the only moment at which it can be read. The focus begins here, for the button that made it may be gone. */
export function ShownOnce({
  title,
  secret,
  label,
  onDone,
  children,
}: {
  title: string
  secret: string
  /** What is copied: `the token`. */
  label: string
  onDone: () => void
  /** What it is for, and for how long. */
  children: ReactNode
}) {
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <section className="shown-once" aria-labelledby={id}>
      <h2 id={id} ref={heading} tabIndex={-1}>
        {title}
      </h2>
      <Command text={secret} label={label} />
      {children}
      <button type="button" className="button" onClick={onDone}>
        Done
      </button>
    </section>
  )
}
