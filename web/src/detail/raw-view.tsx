import type { ReactNode } from 'react'
import type { RawItem } from '../api/contract.ts'
import { useRawItem } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { moment, utc } from '../format/moment.ts'
import { CopyButton } from '../frame/copy-button.tsx'
import { Icon } from '../frame/icon.tsx'
import { Prose } from '../frame/prose.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { JsonText, prettyJson } from './json-text.tsx'

/** What arrived, as it arrived. */
export function RawView({ id, title, zone }: { id: string; title: string; zone: string | undefined }) {
  const raw = useRawItem(id)
  if (raw.error !== null && raw.data === undefined) {
    return <ProblemNotice problem={asProblem(raw.error)} onRetry={() => void raw.refetch()} retrying={raw.isFetching} />
  }
  if (raw.data === undefined) {
    return (
      <p className="quiet" role="status">
        Loading the raw item
      </p>
    )
  }
  return <Loaded raw={raw.data} title={title} zone={zone} />
}

function Loaded({ raw, title, zone }: { raw: RawItem; title: string; zone: string | undefined }) {
  const json = raw.encoding === 'utf8' ? prettyJson(raw.payload) : null
  return (
    <div className="raw">
      <dl>
        <Fact term="Source">
          {raw.source}{' '}
          <span className="quiet">
            ({raw.connector}, {raw.stream})
          </span>
        </Fact>
        {raw.at !== null && (
          <Fact term="Occurred">
            <Moment at={raw.at} zone={zone} />
          </Fact>
        )}
        <Fact term="Received">
          <Moment at={raw.received_at} zone={zone} />
        </Fact>
        <Fact term="Its id there">{raw.external_id}</Fact>
        <Fact term="Place in the log">{raw.seq}</Fact>
        <Fact term="Digest">
          <code>{raw.digest}</code>
        </Fact>
      </dl>
      {raw.problem !== null && (
        <p className="raw-problem">
          <Icon name="warning" />
          <span>
            Not understood: <Prose text={raw.problem} />
          </span>
        </p>
      )}
      <div className="raw-payload">
        <div className="raw-payload-head">
          <span>{json === null ? 'Payload as it arrived' : 'Payload, indented'}</span>
          <CopyButton text={raw.payload} label="the payload as it arrived" />
        </div>
        <pre tabIndex={0} role="region" aria-label={`Payload of ${title}`}>
          <code>{json === null ? raw.payload : <JsonText text={json} />}</code>
        </pre>
      </div>
      {raw.encoding === 'base64' && <p className="quiet">Not text, so it is shown in base64.</p>}
    </div>
  )
}

function Moment({ at, zone }: { at: string; zone: string | undefined }) {
  return (
    <time dateTime={at} title={utc(at)}>
      {moment(at, zone)}
    </time>
  )
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}
