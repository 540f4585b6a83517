import { useState } from 'react'
import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { TEAM_KEYS, useDrift, useTeams, type Drift, type Team } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { many } from '../format/figure.ts'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Icon } from '../frame/icon.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { teamAddress } from './addresses.ts'
import { TeamPages } from './team-pages.tsx'
import './drift-page.css'

/** Where forges and the teams here say different things. Nothing follows by itself: somebody accepts it, or leaves it. */
export default function DriftPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  const drift = useDrift()
  const teams = useTeams().data?.items ?? []
  const items = drift.data?.items
  return (
    <Page
      status={status}
      title="Drift"
      lead={<p>Where GitHub or GitLab and the teams here say different things. Nothing changes by itself: accept it, or leave it.</p>}
    >
      <TeamPages />
      {drift.error !== null && (
        <ProblemNotice problem={asProblem(drift.error)} onRetry={() => void drift.refetch()} retrying={drift.isFetching} />
      )}
      {items === undefined ? (
        drift.error === null && <CardBones what="what differs" />
      ) : (
        <div className="cards">
          {mayChange === false && <ReadOnly what="the teams" />}
          {items.length === 0 && (
            <Notice tone="good">
              <strong>Nothing differs.</strong> Either the tools say what stands here, or no source has told of teams yet: sources of GitHub
              and GitLab do, once a day, where their token may read them.
            </Notice>
          )}
          {sourcesOf(items).map((source) => (
            <SourceDrift
              key={source}
              source={source}
              drift={items.filter((one) => one.source === source)}
              teams={teams}
              mayChange={mayChange === true}
            />
          ))}
        </div>
      )}
    </Page>
  )
}

const sourcesOf = (drift: readonly Drift[]): string[] => [...new Set(drift.map(({ source }) => source))]
const takesTeam = (drift: readonly Drift[]): boolean => drift.some(({ kind, what }) => kind === 'team' && what === 'only_here')

/** What one source says otherwise, team by team. */
function SourceDrift({
  source,
  drift,
  teams,
  mayChange,
}: {
  source: string
  drift: readonly Drift[]
  teams: readonly Team[]
  mayChange: boolean
}) {
  const accept = useChange<object, { source: string; team?: string }>('/v1/teams/drift/accept', ...TEAM_KEYS, 'people')
  const [asking, setAsking] = useState<{ team?: string } | null>(null)
  const slugs = [...new Set(drift.map(({ team }) => team))]
  const act = (what: { team?: string }) => accept.mutate({ source, ...what }, { onSuccess: () => setAsking(null) })
  return (
    <section className="card" aria-labelledby={`drift-${source}`}>
      <div className="drift-head">
        <h2 id={`drift-${source}`}>{source}</h2>
        <p className="quiet">{many(drift.length, 'difference', 'differences')}</p>
        {mayChange && (
          <button type="button" className="button" disabled={accept.isPending} onClick={() => setAsking({})}>
            Accept all
          </button>
        )}
      </div>
      {asking === null && <Failure error={accept.error} />}
      <ul className="drift-teams">
        {slugs.map((slug) => {
          const own = drift.filter(({ team }) => team === slug)
          const standing = teams.find((team) => team.slug === slug)
          return (
            <li key={slug} className="drift-team">
              <h3>{standing === undefined ? slug : <Link href={teamAddress(slug)}>{standing.name}</Link>}</h3>
              <ul>
                {own.map(({ text, what }) => (
                  <li key={text}>
                    <Icon name={what === 'only_at_provider' ? 'plus' : what === 'only_here' ? 'remove' : 'again'} /> <span>{text}</span>
                  </li>
                ))}
              </ul>
              {mayChange && (
                <button
                  type="button"
                  className="button"
                  disabled={accept.isPending}
                  aria-label={`Accept what ${source} says of ${standing?.name ?? slug}`}
                  onClick={() => (takesTeam(own) ? setAsking({ team: slug }) : act({ team: slug }))}
                >
                  Accept
                </button>
              )}
            </li>
          )
        })}
      </ul>
      {asking !== null && (
        <ConfirmDialog
          title={asking.team === undefined ? `Make the teams as ${source} says?` : `Remove ${asking.team}?`}
          act="Accept"
          busy={accept.isPending}
          onAct={() => act(asking)}
          onCancel={() => setAsking(null)}
        >
          <p>
            {asking.team === undefined
              ? `${many(drift.length, 'difference is', 'differences are')} settled as ${source} says, and those that follow from them.`
              : `It is no team at ${source} any more.`}{' '}
            {takesTeam(drift.filter(({ team }) => asking.team === undefined || team === asking.team)) &&
              'A team that goes takes its rules with it, also those that were added by hand.'}
          </p>
          <Failure error={accept.error} />
        </ConfirmDialog>
      )}
    </section>
  )
}
