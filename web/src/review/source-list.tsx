import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { count } from '../format/figure.ts'
import { ago, moment } from '../format/moment.ts'
import { useNow } from '../frame/use-now.ts'
import './source-list.css'

const SAMPLE_SOURCE = 'demo'

/** Where the figures come from, and when each source was last heard. */
export function SourceList({ status }: { status: Status }) {
  const now = useNow(30_000)
  // What was removed on purpose is no source any more; its places in the log are.
  const sources = status.sources.filter(({ name }) => name !== SAMPLE_SOURCE || status.demo)
  return (
    <footer className="colophon">
      <h2>
        <Link href="/sources">Sources</Link>
      </h2>
      <ul>
        {sources.map((source) => (
          <li key={`${source.connector}/${source.name}`}>
            <span className="source-name">{source.name}</span>
            {source.connector !== source.name && <span> ({source.connector})</span>}{' '}
            {source.last_at === null ? (
              <span>not heard yet</span>
            ) : (
              <time dateTime={source.last_at} title={moment(source.last_at)}>
                {ago(source.last_at, now)}
              </time>
            )}
            {source.unread > 0 && (
              <span className="source-unread">
                {' '}
                · {count(source.unread)} of {count(source.items)} not understood
              </span>
            )}
          </li>
        ))}
        {sources.length === 0 && <li>None connected; events come from pipelines.</li>}
      </ul>
      <p className="colophon-end">
        {count(status.events)} {status.events === 1 ? 'event' : 'events'} · Fairlead {status.version}
      </p>
    </footer>
  )
}
