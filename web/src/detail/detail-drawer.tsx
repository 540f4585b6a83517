import { lazy, Suspense } from 'react'
import { useCatalogue, useMetric } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { scaleFor } from '../format/figure.ts'
import { windowText } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import { Boundary } from '../frame/boundary.tsx'
import { Icon } from '../frame/icon.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import type { ChangeView } from '../use-view.ts'
import { narrowedText, type View } from '../view-state.ts'
import { ChartLegend } from './chart-legend.tsx'
import { Coverage } from './coverage.tsx'
import { Definition } from './definition.tsx'
import { Facts } from './facts.tsx'
import { Groups } from './groups.tsx'
import { Readings } from './readings.tsx'
import { Rows } from './rows.tsx'
import { SeriesTable } from './series-table.tsx'
import { SideDialog } from './side-dialog.tsx'
import './detail.css'

// Most of the page's weight is the chart library.
const SeriesChart = lazy(() => import('./series-chart.tsx'))

/** Everything behind one number: how it is made, how it moved, which services made it, and the very rows. */
export default function DetailDrawer({ id, view, change, onClose }: { id: string; view: View; change: ChangeView; onClose: () => void }) {
  const catalogue = useCatalogue()
  const metric = useMetric(id, view)
  const entry = catalogue.data?.items.find((known) => known.id === id)
  // Shown once the catalogue has answered, too: what it adds above would push away what the reader is about to press.
  const reply = catalogue.isPending ? undefined : metric.data
  const scale = reply && scaleFor(reply.unit, reply.value, reply.baseline.value)
  return (
    <SideDialog labelledBy="detail-title" focusFirst="detail-title" focusAfter={`tile-${id}`} onClose={onClose}>
      <header className="detail-head">
        <div>
          <h2 id="detail-title" tabIndex={-1}>
            {reply?.title ?? entry?.title ?? codeText(id)}
          </h2>
          {entry !== undefined && <p className="detail-question">{entry.question}</p>}
        </div>
        <button type="button" className="icon-button" aria-label="Close" title="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {metric.error !== null && (
        <ProblemNotice problem={asProblem(metric.error)} onRetry={() => void metric.refetch()} retrying={metric.isFetching} />
      )}
      {reply === undefined || scale === undefined ? (
        metric.error === null && <Loading />
      ) : (
        <>
          <p className="detail-scope">
            {windowText(reply.window)} {reply.window.tz} · {narrowedText(view) ?? 'all services'} · {reply.environment}
          </p>
          <Facts metric={reply} scale={scale} />
          {entry !== undefined && <Readings entry={entry} view={view} change={change} />}
          <section className="detail-section" aria-labelledby="detail-course">
            <h3 id="detail-course">Over time</h3>
            <ChartLegend metric={reply} scale={scale} />
            <Boundary fallback={<p className="quiet">The chart could not be loaded; the table has every figure.</p>}>
              <Suspense fallback={<div className="chart bone" />}>
                <SeriesChart metric={reply} scale={scale} />
              </Suspense>
            </Boundary>
            <SeriesTable metric={reply} scale={scale} />
          </section>
        </>
      )}
      <Definition entry={entry} failed={catalogue.isError} />
      {reply !== undefined && scale !== undefined && (
        <div className="detail-pair">
          <Groups metric={reply} isOld={metric.isPlaceholderData} scale={scale} view={view} change={change} />
          <Coverage metric={reply} view={view} />
        </div>
      )}
      <Rows id={id} unit={reply?.unit ?? entry?.unit ?? null} zone={reply?.window.tz} view={view} change={change} />
    </SideDialog>
  )
}

function Loading() {
  return (
    <div aria-busy="true">
      <p className="visually-hidden" role="status">
        Loading the metric
      </p>
      <div className="bone bone-figure" />
      <div className="bone chart" />
    </div>
  )
}
