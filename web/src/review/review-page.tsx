import { lazy, Suspense, useCallback, useEffect } from 'react'
import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { useCatalogue, useDora } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { windowText } from '../format/moment.ts'
import { Boundary } from '../frame/boundary.tsx'
import { Masthead } from '../frame/masthead.tsx'
import { useArrival } from '../frame/use-arrival.ts'
import { Outdated } from '../state/outdated.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { TileBones } from '../state/review-skeleton.tsx'
import { organizationName } from './organization-name.ts'
import { useView } from '../use-view.ts'
import { gapsAddress, narrowedText } from '../view-state.ts'
import { Controls } from './controls.tsx'
import { Freshness } from './freshness.tsx'
import { SampleBanner } from './sample-banner.tsx'
import { SourceList } from './source-list.tsx'
import { Summary } from './summary.tsx'
import { Tile } from './tile.tsx'
import { reviewMetrics } from './review-metrics.ts'
import '../frame/page.css'
import './review-page.css'

// Most visits end with the tiles: what is behind them comes when somebody asks.
const DetailDrawer = lazy(() => import('../detail/detail-drawer.tsx'))

export function ReviewPage({ status }: { status: Status }) {
  const [view, change] = useView()
  const heading = useArrival()
  const dora = useDora(view)
  const catalogue = useCatalogue()
  const openMetric = useCallback((metric: string) => change({ metric }), [change])
  const closeMetric = useCallback(() => change({ metric: null, basis: null, variant: null, status: null }), [change])
  const reply = dora.data
  const organization = organizationName(status)
  const title = view.days === 7 ? 'Weekly delivery review' : `Delivery review, ${view.days} days`
  useEffect(() => {
    document.title = [title, organization, 'Fairlead'].filter((part) => part !== null).join(' · ')
  }, [title, organization])
  return (
    <>
      <Masthead organization={organization} signedIn>
        <Freshness
          updatedAt={dora.dataUpdatedAt}
          failed={dora.isError}
          fetching={dora.isFetching}
          lagSeconds={status.lag_seconds}
          onRefresh={() => void dora.refetch()}
        />
      </Masthead>
      {status.demo && <SampleBanner />}
      <main className="page">
        <div className="page-head">
          <div>
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {reply !== undefined && (
              <p className="scope">
                <span>{windowText(reply.window)}</span> <span className="scope-zone">{reply.window.tz}</span>
              </p>
            )}
            <p className="print-only">
              {organization !== null && `${organization} · `}
              {narrowedText(view) ?? 'all services'} · {view.environment ?? 'production'} · edition {reply?.edition}
              {status.demo && ' · sample data'}
            </p>
          </div>
          <Controls view={view} change={change} status={status} edition={reply?.edition ?? null} />
        </div>
        {dora.error !== null && (
          <ProblemNotice problem={asProblem(dora.error)} onRetry={() => void dora.refetch()} retrying={dora.isFetching} />
        )}
        {reply === undefined ? (
          dora.error === null && <TileBones />
        ) : (
          <div className={dora.isPlaceholderData ? 'figures is-old' : 'figures'} aria-busy={dora.isPlaceholderData}>
            <Summary reply={reply} of={narrowedText(view)} />
            <div className="tiles">
              {reviewMetrics(reply).map((metric) => (
                <Tile
                  key={metric.id}
                  metric={metric}
                  question={catalogue.data?.items.find(({ id }) => id === metric.id)?.question}
                  onOpen={openMetric}
                />
              ))}
            </div>
            {reviewMetrics(reply).some(({ gaps }) => gaps.length > 0) && (
              <p className="gaps-more">
                <Link href={gapsAddress(view)}>What these figures do not know, with examples and remedies</Link>
              </p>
            )}
          </div>
        )}
        {view.metric !== null && (
          <Boundary key={view.metric} fallback={<Outdated />}>
            <Suspense fallback={null}>
              <DetailDrawer id={view.metric} view={view} change={change} onClose={closeMetric} />
            </Suspense>
          </Boundary>
        )}
      </main>
      <SourceList status={status} />
    </>
  )
}
