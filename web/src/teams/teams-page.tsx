import { useState } from 'react'
import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { useTeams } from '../api/teams.ts'
import { Tag } from '../frame/field.tsx'
import { Icon } from '../frame/icon.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { teamAddress } from './addresses.ts'
import { TeamForm } from './team-form.tsx'
import { TeamPages } from './team-pages.tsx'
import { ownsText } from './team-words.ts'
import { many } from '../format/figure.ts'
import { treeOf, type Branch } from './tree.ts'
import { Unowned } from './unowned.tsx'
import './teams-page.css'

/** The teams, one below the other, and what nobody owns. */
export default function TeamsPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  const teams = useTeams()
  const [adding, setAdding] = useState(false)
  const items = teams.data?.items
  return (
    <Page
      status={status}
      title="Teams"
      lead={items !== undefined && items.length > 0 ? <p>{many(items.length, 'team', 'teams')}, and who owns what.</p> : undefined}
      end={
        mayChange === true && items !== undefined && !adding ? (
          <button type="button" className="button button-main" onClick={() => setAdding(true)}>
            <Icon name="plus" /> Add a team
          </button>
        ) : undefined
      }
    >
      <TeamPages />
      {teams.error !== null && (
        <ProblemNotice problem={asProblem(teams.error)} onRetry={() => void teams.refetch()} retrying={teams.isFetching} />
      )}
      {items === undefined ? (
        teams.error === null && <CardBones what="the teams" />
      ) : (
        <div className="cards">
          {mayChange === false && <ReadOnly what="the teams" />}
          {adding && <TeamForm team={null} teams={items} onDone={() => setAdding(false)} />}
          {items.length === 0 ? (
            !adding && <NoTeams mayChange={mayChange === true} />
          ) : (
            <section className="card" aria-label="Tree of teams">
              <Tree branches={treeOf(items)} />
            </section>
          )}
          <Unowned hasTeams={items.length > 0} />
        </div>
      )}
    </Page>
  )
}

function Tree({ branches }: { branches: readonly Branch[] }) {
  return (
    <ul className="team-tree">
      {branches.map(({ team, below }) => (
        <li key={team.slug}>
          <p className="team-line">
            <Link href={teamAddress(team.slug)} className="team-name" title={team.name}>
              {team.name}
            </Link>
            {team.source !== null && <Tag text={team.source} title={`It comes from ${team.source}`} />}
            <span className="team-owns">{ownsText(team)}</span>
          </p>
          {team.description !== null && <p className="team-description">{team.description}</p>}
          {below.length > 0 && <Tree branches={below} />}
        </li>
      ))}
    </ul>
  )
}

function NoTeams({ mayChange }: { mayChange: boolean }) {
  return (
    <section className="card" aria-labelledby="no-teams">
      <h2 id="no-teams">No teams yet</h2>
      <p>
        A team owns services and repositories, by name or by pattern, and every figure can be asked for a team. Nothing is stored with the
        rows: a new service is owned at once, and a changed rule changes the past as well.
      </p>
      {mayChange && (
        <p>
          Add one here, or <Link href="/teams/import">import them from a file</Link>.
        </p>
      )}
    </section>
  )
}
