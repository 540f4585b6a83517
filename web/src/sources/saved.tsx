import { useEffect, useRef } from 'react'
import { Link } from 'wouter'
import type { Connector, Source } from '../api/contract.ts'
import { Notice } from '../frame/notice.tsx'
import { sourceAddress } from './addresses.ts'
import { HookCard } from './hook-card.tsx'

/** What happens next. */
export function Saved({ source, connector, isNew }: { source: Source; connector: Connector; isNew: boolean }) {
  const next = useRef<HTMLAnchorElement>(null)
  // The button that was pressed is gone.
  useEffect(() => next.current?.focus(), [])
  return (
    <div className="cards">
      <Notice tone="good" role="status">
        <p>
          <strong>{isNew ? `${source.title} is connected as ${source.name}.` : `The settings of ${source.name} are saved.`}</strong>{' '}
          {!isNew
            ? 'If they change how it is read, what is kept is being read again with them.'
            : source.pulls && source.every_minutes !== 0
              ? 'The first pull begins by itself within seconds and reads its history.'
              : source.pulls
                ? 'It is pulled only when you say so.'
                : 'It listens now.'}
        </p>
      </Notice>
      {isNew && <HookCard source={source} docs={connector.hook} />}
      <p>
        <Link href={sourceAddress(source.name)} className="button button-main" ref={next}>
          Go to the source
        </Link>
      </p>
    </div>
  )
}
