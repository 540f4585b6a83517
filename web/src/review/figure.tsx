import { Fragment } from 'react'
import { figureParts, type Scale } from '../format/figure.ts'

/** A figure with large numbers and small units; as text it reads `4 h 15 min`. */
export function Figure({ value, scale, className }: { value: number; scale: Scale; className: string }) {
  return (
    <p className={className}>
      {figureParts(value, scale).map((part, index) => (
        <Fragment key={`${part.kind} ${part.text}`}>
          {index > 0 && ' '}
          <span className={`figure-${part.kind}`}>{part.text}</span>
        </Fragment>
      ))}
    </p>
  )
}
