import { Link } from 'wouter'
import type { Source, Status } from '../api/contract.ts'
import { useSources } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { clock } from '../format/moment.ts'
import { Ago } from '../frame/ago.tsx'
import { Fact } from '../frame/fact.tsx'
import { Icon } from '../frame/icon.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { Prose } from '../frame/prose.tsx'
import { useNow } from '../frame/use-now.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { sourceAddress } from './addresses.ts'
import { NoSources } from './no-sources.tsx'
import { remedyOf, rhythm } from './source-words.ts'
import { StateBadge } from './state-badge.tsx'
import './sources-page.css'

const SAMPLE_SOURCE = 'demo'

/** Every connected tool and how it is: what needs a hand stands first. */
export default function SourcesPage({ status }: { status: Status }) {
  const sources = useSources()
  const reply = sources.data
  const listed = reply?.items.toSorted(byNeed) ?? []
  // What was disconnected may have left its data; the places in the log of what was removed on purpose are no data any more.
  const others = status.sources.filter(
    ({ name, items, unread }) =>
      items > unread && (name !== SAMPLE_SOURCE || status.demo) && !listed.some((source) => source.name === name),
  )
  return (
    <Page
      status={status}
      title="Sources"
      lead={reply !== undefined && listed.length > 0 ? <p>{inShort(listed)}</p> : undefined}
      end={
        reply?.may_change === true && listed.length > 0 ? (
          <Link href="/sources/connect" className="button button-main">
            <Icon name="plus" /> Connect a tool
          </Link>
        ) : undefined
      }
    >
      {sources.error !== null && (
        <ProblemNotice problem={asProblem(sources.error)} onRetry={() => void sources.refetch()} retrying={sources.isFetching} />
      )}
      {reply === undefined ? (
        sources.error === null && <CardBones what="the sources" />
      ) : (
        <div className="cards">
          {!reply.may_change && <ReadOnly what="the sources" />}
          {listed.length === 0 && <NoSources mayChange={reply.may_change} />}
          {listed.length > 0 && (
            <ul className="sources" aria-label="Sources">
              {listed.map((source) => (
                <li key={source.name}>
                  <SourceCard
                    source={source}
                    zone={status.organization.time_zone}
                    seen={status.sources.find(({ name }) => name === source.name)}
                  />
                </li>
              ))}
            </ul>
          )}
          {others.length > 0 && (
            <p className="sources-others">
              Not connected, and in the data:{' '}
              {others.map(({ name, items }, index) => (
                <span key={name}>
                  {index > 0 && ', '}
                  <Link href={sourceAddress(name)}>{name}</Link> ({count(items)} {items === 1 ? 'item' : 'items'})
                </span>
              ))}
              .
            </p>
          )}
        </div>
      )}
    </Page>
  )
}

const NEED = ['needs_attention', 'failing', 'late', 'waiting', 'fine', 'pushed']

function byNeed(a: Source, b: Source): number {
  return NEED.indexOf(a.state) - NEED.indexOf(b.state) || a.name.localeCompare(b.name, 'en')
}

function inShort(sources: Source[]): string {
  const many = `${count(sources.length)} ${sources.length === 1 ? 'source' : 'sources'}`
  const bad = sources.filter(({ state }) => state === 'needs_attention' || state === 'failing' || state === 'late').length
  if (bad === 0) return `${many}, nothing to do.`
  return bad === sources.length && bad === 1 ? 'It wants a look.' : `${many}, ${count(bad)} of them ${bad === 1 ? 'wants' : 'want'} a look.`
}

function SourceCard({ source, seen, zone }: { source: Source; seen: Status['sources'][number] | undefined; zone: string }) {
  const now = useNow(30_000)
  const { deliveries, budget } = source
  const remedy = remedyOf(source)
  return (
    <article className="card source-card">
      <div className="source-head">
        <h2>
          <Link href={sourceAddress(source.name)} className="source-open">
            {source.name}
          </Link>
        </h2>
        <StateBadge state={source.state} />
        <p className="source-kind">
          {source.title} · {rhythm(source)}
        </p>
      </div>
      <dl className="facts-list">
        {source.pulls && (
          <Fact term="Last good pull">
            <Ago at={source.last_success_at} now={now} zone={zone} never="never" />
          </Fact>
        )}
        <Fact term="Last heard">
          <Ago at={seen?.last_at ?? null} now={now} zone={zone} never="nothing yet" />
        </Fact>
        <Fact term="Items">
          {count(seen?.items ?? 0)}
          {seen !== undefined && seen.unread > 0 && <span className="is-warn">, {count(seen.unread)} not understood</span>}
        </Fact>
        {source.hook_path !== null && (
          <Fact term="Webhook deliveries">
            {deliveries === null ? (
              'none yet'
            ) : (
              <>
                {count(deliveries.taken)} taken
                {deliveries.refused > 0 && <span className="is-warn">, {count(deliveries.refused)} refused</span>}
                {deliveries.unread > 0 && <span className="is-warn">, {count(deliveries.unread)} unread</span>}
              </>
            )}
          </Fact>
        )}
        {budget !== null && (
          <Fact term="Rate budget left">
            <Budget budget={budget} now={now} zone={zone} />
          </Fact>
        )}
      </dl>
      {source.last_error !== null && (
        <div className="source-error">
          <Icon name="warning" />
          <p>
            <Prose text={source.last_error} /> {remedy !== null && <span className="source-remedy">{remedy}</span>}
          </p>
        </div>
      )}
    </article>
  )
}

export function Budget({ budget, now, zone }: { budget: NonNullable<Source['budget']>; now: number; zone: string }) {
  const { limit, remaining, reset_at } = budget
  if (Date.parse(reset_at) <= now) return <>{count(limit)}, renewed</>
  return (
    <span className={remaining < limit / 10 ? 'is-warn' : undefined}>
      {count(remaining)} of {count(limit)}, renewed at {clock(reset_at, zone)}
    </span>
  )
}
