import { useState } from 'react'
import type { SourceHealth } from '../api/contract.ts'
import { RawView } from '../detail/raw-view.tsx'
import { count } from '../format/figure.ts'
import { shortMoment, utc } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import { Icon } from '../frame/icon.tsx'
import { Prose } from '../frame/prose.tsx'
import '../detail/detail.css'
import '../detail/rows.css'
import './unread.css'

const LISTED = 50

/** Items that came and could not be read, each with the reason and the bytes. They are kept, and read again by a replay. */
export function Unread({ health, zone }: { health: SourceHealth; zone: string }) {
  const [open, setOpen] = useState<number | null>(null)
  const { unread } = health
  if (unread.length === 0) return null
  const all = health.streams.reduce((sum, stream) => sum + stream.unread, 0)
  return (
    <section className="card" aria-labelledby="source-unread">
      <h2 id="source-unread">Not understood</h2>
      <p className="quiet">They are kept as they came. What a newer version of Fairlead or other settings can read is read by a replay.</p>
      <ul className="unread">
        {unread.map(({ seq, stream, id, received_at, problem }) => (
          <li key={seq}>
            <div className="unread-head">
              <button
                type="button"
                className="row-open"
                aria-expanded={open === seq}
                aria-label={`Raw item ${seq}, ${id}`}
                onClick={() => setOpen(open === seq ? null : seq)}
              >
                <Icon name="expand" />
              </button>
              <p>
                <Prose text={problem} />
                <span className="unread-which">
                  {codeText(stream)} {id} ·{' '}
                  <time dateTime={received_at} title={utc(received_at)}>
                    {shortMoment(received_at, zone)}
                  </time>{' '}
                  · no. {seq}
                </span>
              </p>
            </div>
            {open === seq && <RawView id={String(seq)} title={id} zone={zone} />}
          </li>
        ))}
      </ul>
      {all > LISTED && (
        <p className="quiet">
          The newest {LISTED} of {count(all)}.
        </p>
      )}
    </section>
  )
}

/** Items that the analytics store itself refused, so that the rest could go on. They are in files of the server, not in the raw log. */
export function Quarantined({ health, zone }: { health: SourceHealth; zone: string }) {
  const { quarantined } = health
  if (quarantined.length === 0) return null
  return (
    <section className="card" aria-labelledby="source-quarantined">
      <h2 id="source-quarantined">Refused by the store</h2>
      <p className="quiet">
        They are in no figure. Their bytes are in the folder <code>quarantine</code> of the server’s data directory.
      </p>
      <ul className="unread">
        {quarantined.map(({ seq, stream, id, received_at, reason }) => (
          <li key={seq}>
            <p>
              <Prose text={reason} />
              <span className="unread-which">
                {codeText(stream)} {id} ·{' '}
                <time dateTime={received_at} title={utc(received_at)}>
                  {shortMoment(received_at, zone)}
                </time>{' '}
                · no. {seq}
              </span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
