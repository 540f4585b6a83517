import type { Gap, GapExample, SourceList, Status } from '../api/contract.ts'
import { useGaps, useSources } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { shortMoment, utc, windowText, withMoments } from '../format/moment.ts'
import { Icon } from '../frame/icon.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { Prose } from '../frame/prose.tsx'
import { WeekSteps, WindowChoice } from '../review/controls.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { useWindow } from './use-window.ts'
import { TierForm } from './tier-form.tsx'
import './gaps-page.css'

/** What the figures of a window do not know, the largest first, and what would mend it. */
export default function GapsPage({ status }: { status: Status }) {
  const [{ days, offset }, change] = useWindow()
  const gaps = useGaps(days, offset)
  const sources = useSources()
  const reply = gaps.data
  return (
    <Page
      status={status}
      title="Data gaps"
      lead={
        <>
          {reply !== undefined && (
            <p>
              <span>{windowText(reply.window)}</span> <span className="scope-zone">{reply.window.tz}</span>
            </p>
          )}
        </>
      }
      end={
        <form className="controls" aria-label="Which window" onSubmit={(event) => event.preventDefault()}>
          <WindowChoice days={days} onChoose={(chosen) => change({ days: chosen })} />
          <WeekSteps offset={offset} onStep={(to) => change({ offset: to })} />
        </form>
      }
    >
      {gaps.error !== null && (
        <ProblemNotice problem={asProblem(gaps.error)} onRetry={() => void gaps.refetch()} retrying={gaps.isFetching} />
      )}
      {reply === undefined ? (
        gaps.error === null && <CardBones what="the data gaps" />
      ) : (
        <div className={gaps.isPlaceholderData ? 'cards figures is-old' : 'cards figures'} aria-busy={gaps.isPlaceholderData}>
          <p className="visually-hidden" role="status">
            {reply.items.length === 0 ? 'No gaps' : `${count(reply.items.length)} kinds of gaps`}
          </p>
          {reply.items.length === 0 ? (
            <NoGaps status={status} />
          ) : (
            reply.items.map((gap) => <GapCard key={gap.code} gap={gap} zone={reply.window.tz} sources={sources.data} />)
          )}
        </div>
      )}
    </Page>
  )
}

function NoGaps({ status }: { status: Status }) {
  if (status.events === 0)
    return <Notice tone="warn">Nothing has arrived yet, so nothing can be missing from it. Connect a source first.</Notice>
  return (
    <Notice tone="good">
      <strong>No gaps in this window.</strong> Each production deployment knows its commit, each incident its service, and every environment
      is known. What no source was watching is not among them: the sources say what they cover.
    </Notice>
  )
}

function GapCard({ gap, zone, sources }: { gap: Gap; zone: string; sources: SourceList | undefined }) {
  const { code, text, remedy, items } = gap
  const more = gap.count - items.length
  return (
    <section className="card gap" aria-labelledby={`gap-${code}`}>
      <div className="gap-head">
        <p className="gap-count" aria-hidden="true">
          {count(gap.count)}
        </p>
        <div>
          <h2 id={`gap-${code}`}>
            <span className="visually-hidden">{count(gap.count)} </span>
            <Prose text={sentence(text, gap.count, zone)} />
          </h2>
          <p className="gap-remedy">
            <Prose text={remedy} />
          </p>
        </div>
      </div>
      {code === 'environment_unknown' && sources?.may_change === true && <TierForm names={[...new Set(items.map(({ id }) => id))]} />}
      <div className="table-box" tabIndex={0} role="region" aria-label={`Examples: ${text}`}>
        <table className="data-table">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Of</th>
              <th scope="col">Source</th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Example key={`${item.source} ${item.id}`} item={item} zone={zone} code={code} />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p className="quiet gap-more">and {count(more)} more, older</p>}
    </section>
  )
}

function Example({ item, zone, code }: { item: GapExample; zone: string; code: string }) {
  const title = code === 'environment_unknown' ? `${item.id}: ${item.title ?? ''}` : (item.title ?? item.id)
  return (
    <tr>
      <td className="is-when">
        <time dateTime={item.at} title={utc(item.at)}>
          {shortMoment(item.at, zone)}
        </time>
      </td>
      <th scope="row" title={item.id}>
        {item.url === null ? (
          title
        ) : (
          <a href={item.url} target="_blank" rel="noreferrer">
            {title} <Icon name="external" />
          </a>
        )}
      </th>
      <td>{item.service ?? item.repository ?? <span className="quiet">–</span>}</td>
      <td className="quiet">{item.source}</td>
    </tr>
  )
}

/** The server's sentence begins with the number, which stands large beside it. */
function sentence(text: string, number: number, zone: string): string {
  const rest = text.startsWith(`${number} `) ? text.slice(String(number).length + 1) : text
  return withMoments(rest.charAt(0).toUpperCase() + rest.slice(1), zone)
}
