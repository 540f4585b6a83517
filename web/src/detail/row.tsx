import type { MouseEvent } from 'react'
import type { SampleReply, Unit } from '../api/contract.ts'
import { shortMoment, utc } from '../format/moment.ts'
import { codeText, ruleText, sampleValueText, statusText } from '../format/words.ts'
import { Icon } from '../frame/icon.tsx'
import { RawView } from './raw-view.tsx'

export function Row({
  id,
  unit,
  zone,
  sample,
  open,
  onToggle,
}: {
  id: string
  unit: Unit
  /** In which the chart above cuts its days. */
  zone: string | undefined
  sample: SampleReply
  open: boolean
  onToggle: () => void
}) {
  const { subject, status } = sample
  const title = subject.title ?? subject.id
  // The whole row may be pressed; the button is there for the keyboard, and a link stays a link.
  const pressed = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.closest('a, button') !== null) return
    onToggle()
  }
  return (
    <>
      <tr role="row" className={`row is-${status}${open ? ' is-open' : ''}`} onClick={pressed}>
        <td role="cell" className="row-when">
          <button type="button" className="row-open" aria-expanded={open} aria-label={`Raw item of ${title}`} onClick={onToggle}>
            <Icon name="expand" />
          </button>
          <time dateTime={sample.at} title={utc(sample.at)}>
            {shortMoment(sample.at, zone)}
          </time>
        </td>
        <td role="cell" className="row-value">
          {sampleValueText(id, unit, sample) ?? <span className="quiet">–</span>}
        </td>
        <td role="cell" className="row-subject">
          {subject.url === null ? (
            title
          ) : (
            <a href={subject.url} target="_blank" rel="noreferrer">
              {title}
              <Icon name="external" />
            </a>
          )}
          <span className="quiet row-type"> {codeText(subject.type).toLowerCase()}</span>
        </td>
        <td role="cell" className="row-service">
          {sample.service ?? <span className="quiet">–</span>}
        </td>
        <td role="cell" className="row-method" title={sample.method}>
          {ruleText(sample.method)}
        </td>
        <td role="cell" className="row-status">
          {statusText(status)}
          {sample.reason !== null && sample.reason !== '' && <span className="quiet">: {codeText(sample.reason).toLowerCase()}</span>}
        </td>
      </tr>
      {open && (
        <tr role="row" className="row-raw">
          <td role="cell" colSpan={6}>
            {sample.raw_id === null ? (
              <p className="quiet">No raw item is behind this row: it was computed from others.</p>
            ) : (
              <RawView id={sample.raw_id} title={title} zone={zone} />
            )}
          </td>
        </tr>
      )}
    </>
  )
}
