import { useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import type { Status } from '../api/contract.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { TEAM_KEYS, useTeam, useTeams, type Team, type TeamDetail } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { Chips } from '../frame/chips.tsx'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Icon } from '../frame/icon.tsx'
import { Page } from '../frame/page.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { teamAddress } from './addresses.ts'
import { MembersCard } from './members-card.tsx'
import { RulesCard } from './rules-card.tsx'
import { TeamForm } from './team-form.tsx'
import { originText } from './team-words.ts'
import { many } from '../format/figure.ts'
import { aboveOf } from './tree.ts'

/** One team: its rules, what they fit, and where it stands. */
export default function TeamPage({ status }: { status: Status }) {
  const [params] = useSearchParams()
  const slug = params.get('slug') ?? ''
  const mayChange = useMayChange()
  const team = useTeam(slug)
  const teams = useTeams()
  const detail = team.data
  const all = teams.data?.items ?? []
  return (
    <Page
      status={status}
      title={detail?.name ?? slug}
      above={
        <>
          <Link href="/teams">Teams</Link>
          {aboveOf(all, detail?.parent ?? null).map((one) => (
            <span key={one.slug}>
              {' / '}
              <Link href={teamAddress(one.slug)}>{one.name}</Link>
            </span>
          ))}
        </>
      }
      lead={
        detail !== undefined && (
          <>
            {detail.description !== null && <p>{detail.description}</p>}
            <p className="quiet">
              {detail.slug} · {detail.source ?? originText(detail.origin)}
            </p>
          </>
        )
      }
    >
      {team.error !== null && (
        <ProblemNotice problem={asProblem(team.error)} onRetry={() => void team.refetch()} retrying={team.isFetching} />
      )}
      {detail === undefined ? (
        team.error === null && <CardBones what="the team" />
      ) : (
        <div className="cards">
          <Actions team={detail} teams={all} mayChange={mayChange === true} />
          <RulesCard team={detail} mayChange={mayChange === true} />
          <MembersCard team={detail} readAt={team.dataUpdatedAt} mayChange={mayChange === true} />
          <Owns team={detail} below={all.filter(({ parent }) => parent === slug)} />
        </div>
      )}
    </Page>
  )
}

function Actions({ team, teams, mayChange }: { team: TeamDetail; teams: readonly Team[]; mayChange: boolean }) {
  const [doing, setDoing] = useState<'nothing' | 'change' | 'remove'>('nothing')
  if (doing === 'change') return <TeamForm team={team} teams={teams} onDone={() => setDoing('nothing')} />
  return (
    <div className="field-buttons to-press">
      <Link href={`/?${new URLSearchParams({ team: team.slug })}`} className="button button-main">
        Its figures
      </Link>
      {mayChange && (
        <>
          <button type="button" className="button" onClick={() => setDoing('change')}>
            Change
          </button>
          <button type="button" className="button button-bad" onClick={() => setDoing('remove')}>
            <Icon name="remove" /> Remove
          </button>
        </>
      )}
      {doing === 'remove' && <RemoveTeam team={team} onCancel={() => setDoing('nothing')} />}
    </div>
  )
}

function RemoveTeam({ team, onCancel }: { team: TeamDetail; onCancel: () => void }) {
  const [, go] = useLocation()
  const remove = useChange<object, { slug: string }>('/v1/teams/remove', ...TEAM_KEYS)
  const act = () =>
    remove.mutate(
      { slug: team.slug },
      // Before it is asked for again, which would find nothing.
      { onSuccess: () => go('/teams') },
    )
  return (
    <ConfirmDialog title={`Remove ${team.name}?`} act="Remove" busy={remove.isPending} onAct={act} onCancel={onCancel}>
      <p>
        Its {many(team.owns.length, 'rule goes', 'rules go')}, too, and the teams below it move up. What it owned is owned by whoever else
        has a rule that fits, else by nobody.
      </p>
      <Failure error={remove.error} />
    </ConfirmDialog>
  )
}

function Owns({ team, below }: { team: TeamDetail; below: readonly Team[] }) {
  const { repositories, services } = team.matched
  const isEmpty = repositories.length + services.length === 0
  return (
    <section className="card" aria-labelledby="team-owns">
      <h2 id="team-owns">What it owns now</h2>
      {isEmpty && <p className="quiet">Nothing that is known fits a rule of this team, or other rules are stronger.</p>}
      <dl className="facts-list is-wide">
        {services.length > 0 && (
          <div>
            <dt>{many(services.length, 'service', 'services')}</dt>
            <dd>
              <Chips names={services} label="Services" />
            </dd>
          </div>
        )}
        {repositories.length > 0 && (
          <div>
            <dt>{many(repositories.length, 'repository', 'repositories')}</dt>
            <dd>
              <Chips names={repositories} label="Repositories" />
            </dd>
          </div>
        )}
        {below.length > 0 && (
          <div>
            <dt>And what these own</dt>
            <dd>
              <ul className="chips" aria-label="Teams below it">
                {below.map(({ slug, name }) => (
                  <li key={slug} title={name}>
                    <Link href={teamAddress(slug)}>{name}</Link>
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}
