import { asProblem } from '../api/request.ts'
import { OWNED_KINDS, useOwnership } from '../api/teams.ts'
import { Chips } from '../frame/chips.tsx'
import { Notice } from '../frame/notice.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { many } from '../format/figure.ts'

const WORDS = {
  service: { one: 'service', more: 'services', title: 'Services' },
  repository: { one: 'repository', more: 'repositories', title: 'Repositories' },
} as const

/** What is known and has no rule that fits: in the figures of no team. */
export function Unowned({ hasTeams }: { hasTeams: boolean }) {
  const ownership = useOwnership()
  if (ownership.error !== null)
    return <ProblemNotice problem={asProblem(ownership.error)} onRetry={() => void ownership.refetch()} retrying={ownership.isFetching} />
  if (ownership.data === undefined) return <CardBones what="what nobody owns" />
  const all = ownership.data.items
  const nobodys = all.filter(({ team }) => team === null)
  if (all.length === 0) return <p className="quiet">No service and no repository is known yet, so there is nothing to own.</p>
  if (nobodys.length === 0)
    return <Notice tone="good">Every known service and repository has an owner: {many(all.length, 'name', 'names')}.</Notice>
  return (
    <section className="card" aria-labelledby="unowned">
      <h2 id="unowned">Owned by nobody</h2>
      <p>
        {OWNED_KINDS.map((kind) => {
          const known = all.filter((one) => one.kind === kind)
          const without = known.filter(({ team }) => team === null)
          const { one, more } = WORDS[kind]
          return `${without.length} of ${many(known.length, one, more)}`
        }).join(' and ')}{' '}
        {hasTeams
          ? 'fit no rule. In figures a service counts for the team of its repository where it has no rule of its own.'
          : 'are in the figures of no team.'}
      </p>
      <dl className="facts-list is-wide">
        {OWNED_KINDS.map((kind) => {
          const names = nobodys.filter((one) => one.kind === kind).map(({ name }) => name)
          return (
            names.length > 0 && (
              <div key={kind}>
                <dt>{WORDS[kind].title}</dt>
                <dd>
                  <Chips names={names} label={`${WORDS[kind].title} without an owner`} />
                </dd>
              </div>
            )
          )
        })}
      </dl>
    </section>
  )
}
