import { useState } from 'react'
import type { SampleReply, SampleStatus, Unit } from '../api/contract.ts'
import { useSamples } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { STATUS_MEANINGS, statusText } from '../format/words.ts'
import { Choice } from '../review/controls.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import type { ChangeView } from '../use-view.ts'
import type { View } from '../view-state.ts'
import { Row } from './row.tsx'
import './rows.css'

const STATUSES: readonly SampleStatus[] = ['sample', 'missing', 'censored', 'listed']

/** The rows behind the number, page by page. */
export function Rows({
  id,
  unit,
  zone,
  view,
  change,
}: {
  id: string
  unit: Unit | null
  zone: string | undefined
  view: View
  change: ChangeView
}) {
  const samples = useSamples(id, view)
  const [open, setOpen] = useState<string | null>(null)
  const rows = samples.data?.pages.flatMap((page) => page.items) ?? []
  const chosen = view.status
  return (
    <section className="detail-section rows" aria-labelledby="detail-rows">
      <div className="rows-head">
        <h3 id="detail-rows">Rows behind it</h3>
        <Choice
          label="Show"
          value={chosen ?? ''}
          options={[{ value: '', text: 'All rows' }, ...STATUSES.map((status) => ({ value: status, text: statusText(status) }))]}
          onChoose={(status) => change({ status: STATUSES.find((known) => known === status) ?? null }, { replace: true })}
        />
      </div>
      {chosen !== null && <p className="quiet">{STATUS_MEANINGS[chosen]}</p>}
      {samples.error !== null && (
        <ProblemNotice problem={asProblem(samples.error)} onRetry={() => void samples.refetch()} retrying={samples.isFetching} />
      )}
      {samples.isPending && samples.error === null && (
        <div aria-busy="true">
          <p className="visually-hidden" role="status">
            Loading the rows
          </p>
          <div className="bone rows-bone" />
        </div>
      )}
      {samples.isSuccess && rows.length === 0 && <p className="quiet">There are no rows here.</p>}
      {rows.length > 0 && unit !== null && (
        // Laid out as cards on a narrow screen, which would take the table's meaning away; the roles keep it.
        <table role="table" className="rows-table" aria-labelledby="detail-rows">
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col">
                When
              </th>
              <th role="columnheader" scope="col">
                Value
              </th>
              <th role="columnheader" scope="col">
                Subject
              </th>
              <th role="columnheader" scope="col">
                Service
              </th>
              <th role="columnheader" scope="col">
                Rule
              </th>
              <th role="columnheader" scope="col">
                Status
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {keyed(rows).map(([key, sample]) => (
              <Row
                key={key}
                id={id}
                unit={unit}
                zone={zone}
                sample={sample}
                open={open === key}
                onToggle={() => setOpen(open === key ? null : key)}
              />
            ))}
          </tbody>
        </table>
      )}
      {rows.length > 0 && (
        <p className="rows-end" role="status">
          {samples.hasNextPage
            ? `The first ${count(rows.length)} rows`
            : `${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}, all of them`}
        </p>
      )}
      {samples.hasNextPage && (
        <button type="button" className="button" disabled={samples.isFetchingNextPage} onClick={() => void samples.fetchNextPage()}>
          {samples.isFetchingNextPage ? 'Loading…' : 'Show more rows'}
        </button>
      )}
    </section>
  )
}

/** A row keeps its identity, and stays open, when a refresh puts newer ones above it. */
function keyed(rows: SampleReply[]): [key: string, sample: SampleReply][] {
  const times = new Map<string, number>()
  return rows.map((sample) => {
    const name = `${sample.subject.type} ${sample.subject.id} ${sample.service} ${sample.at}`
    const time = times.get(name) ?? 0
    times.set(name, time + 1)
    return [`${name} ${time}`, sample]
  })
}
