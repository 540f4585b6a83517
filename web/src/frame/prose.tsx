import { Fragment } from 'react'

/** A sentence of the server, in which commands and names stand between backticks. */
export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    // Parts of one sentence have no identity but their place.
    index % 2 === 1 ? <code key={`${index} ${part}`}>{part}</code> : <Fragment key={`${index} ${part}`}>{part}</Fragment>,
  )
}
