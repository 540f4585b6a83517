import { Link, useSearchParams } from 'wouter'
import type { Connector, Source, SourceHealth, Status } from '../api/contract.ts'
import { useConnectors, useSourceHealth, useSources } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { leadingUnit } from '../format/moment.ts'
import { Ago } from '../frame/ago.tsx'
import { Fact } from '../frame/fact.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { Prose } from '../frame/prose.tsx'
import { useNow } from '../frame/use-now.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { CredentialsCard } from './credentials-card.tsx'
import { DayStrip } from './day-strip.tsx'
import { HookCard } from './hook-card.tsx'
import { SourceActions } from './source-actions.tsx'
import { remedyOf, rhythm } from './source-words.ts'
import { Budget } from './sources-page.tsx'
import { Spans } from './spans.tsx'
import { StateBadge } from './state-badge.tsx'
import { Streams } from './streams.tsx'
import { Quarantined, Unread } from './unread.tsx'
import './source-page.css'

/** One source: how it is, what it told by day, what was not understood, and what can be done. */
export default function SourcePage({ status }: { status: Status }) {
  const [params] = useSearchParams()
  const name = params.get('name') ?? ''
  const sources = useSources()
  const health = useSourceHealth(name)
  const connectors = useConnectors()
  const source = sources.data?.items.find((one) => one.name === name)
  const connector = connectors.data?.items.find(({ id }) => id === source?.connector)
  const reply = health.data
  const failed = health.error ?? sources.error
  const retry = () => {
    void health.refetch()
    void sources.refetch()
  }
  return (
    <Page
      status={status}
      title={name}
      above={<Link href="/sources">Sources</Link>}
      lead={
        <p className="source-lead">
          {reply !== undefined && <StateBadge state={reply.state} />}
          {source !== undefined && (
            <span>
              {source.title} · {rhythm(source)}
            </span>
          )}
          {source === undefined && sources.data !== undefined && reply !== undefined && <span>not connected; its data is here</span>}
        </p>
      }
    >
      {failed !== null && <ProblemNotice problem={asProblem(failed)} onRetry={retry} retrying={health.isFetching || sources.isFetching} />}
      {reply === undefined || sources.data === undefined ? (
        failed === null && <CardBones what="the source" />
      ) : (
        <div className="cards">
          {source !== undefined && (sources.data.may_change ? <SourceActions source={source} /> : <ReadOnly what="the sources" />)}
          <Health health={reply} source={source} connector={connector} zone={status.organization.time_zone} />
          {source !== undefined && (
            <CredentialsCard
              health={reply}
              connector={connector}
              mayChange={sources.data.may_change}
              zone={status.organization.time_zone}
            />
          )}
        </div>
      )}
    </Page>
  )
}

function Health({
  health,
  source,
  connector,
  zone,
}: {
  health: SourceHealth
  source: Source | undefined
  connector: Connector | undefined
  zone: string
}) {
  const now = useNow(30_000)
  const remedy = source === undefined ? null : remedyOf(source)
  return (
    <>
      {source !== undefined && source.last_error !== null && (
        <Notice tone="bad">
          <p>
            <strong>
              <Prose text={source.last_error} />
            </strong>
          </p>
          {remedy !== null && <p>{remedy}</p>}
        </Notice>
      )}
      <section className="card" aria-label="At a glance">
        <dl className="facts-list">
          <Fact term="Lag">{health.lag_seconds === null ? 'never heard' : leadingUnit(health.lag_seconds)}</Fact>
          {source?.pulls === true && (
            <>
              <Fact term="Last good pull">
                <Ago at={source.last_success_at} now={now} zone={zone} never="never" />
              </Fact>
              <Fact term="Last attempt">
                <Ago at={source.last_attempt_at} now={now} zone={zone} never="none" />
                {source.failures > 0 && <span className="is-warn">, {count(source.failures)} failed in a row</span>}
              </Fact>
            </>
          )}
          {source !== undefined && source.budget !== null && (
            <Fact term="Rate budget left">
              <Budget budget={source.budget} now={now} zone={zone} />
            </Fact>
          )}
          {source !== undefined && source.deliveries !== null && <Deliveries deliveries={source.deliveries} now={now} zone={zone} />}
        </dl>
      </section>
      <DayStrip health={health} zone={zone} now={now} />
      <div className="source-pair">
        <Streams health={health} connector={connector} zone={zone} now={now} />
        <Spans health={health} zone={zone} />
      </div>
      <Unread health={health} zone={zone} />
      <Quarantined health={health} zone={zone} />
      {source !== undefined && <HookCard source={source} docs={connector?.hook ?? null} />}
    </>
  )
}

function Deliveries({ deliveries, now, zone }: { deliveries: NonNullable<Source['deliveries']>; now: number; zone: string }) {
  const parts: [word: string, number: number, bad: boolean][] = [
    ['taken', deliveries.taken, false],
    ['of no interest', deliveries.ignored, false],
    ['unread', deliveries.unread, true],
    ['refused', deliveries.refused, true],
  ]
  return (
    <>
      <Fact term="Webhook deliveries">
        {parts
          .filter(([word, number]) => number > 0 || word === 'taken')
          .map(([word, number, bad], index) => (
            <span key={word} className={bad ? 'is-warn' : undefined}>
              {index > 0 && ', '}
              {count(number)} {word}
            </span>
          ))}
      </Fact>
      <Fact term="Last delivery">
        <Ago at={deliveries.last_at} now={now} zone={zone} never="none" />
      </Fact>
      {deliveries.last_refused_at !== null && (
        <Fact term="Last refusal">
          <Ago at={deliveries.last_refused_at} now={now} zone={zone} never="none" />
        </Fact>
      )}
    </>
  )
}
