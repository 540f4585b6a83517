import { useId, useRef, useState } from 'react'
import { TEAM_KEYS, type Member, type TeamDetail } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Tag } from '../frame/field.tsx'
import { Icon } from '../frame/icon.tsx'
import { Listed, Listing } from '../frame/listing.tsx'
import { useNow } from '../frame/use-now.ts'
import { MemberForm } from './member-form.tsx'
import { dayAfter, timeText, whenOf, type When } from './membership.ts'
import { originText } from './team-words.ts'
import './members-card.css'

/** Who is in a team, who was and who will be. */
export function MembersCard({
  team,
  readAt,
  mayChange,
}: {
  team: TeamDetail
  /** When it was told. */
  readAt: number
  mayChange: boolean
}) {
  // Who left a moment ago is before what was told since.
  const now = Math.max(useNow(60_000), readAt)
  const [adding, setAdding] = useState(false)
  const [ending, setEnding] = useState<Member | null>(null)
  const add = useRef<HTMLButtonElement>(null)
  const of = (when: When) =>
    team.members.filter((member) => whenOf(member, now) === when).toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
  const list = (members: readonly Member[], label: string, end: boolean) => (
    <Listing label={label}>
      {members.map((member) => (
        <Entry
          key={`${member.person_id} ${member.valid_from}`}
          member={member}
          now={now}
          onEnd={end && mayChange ? () => setEnding(member) : null}
        />
      ))}
    </Listing>
  )
  const [present, later, before] = [of('now'), of('later'), of('before')]
  const done = () => {
    setAdding(false)
    // The form is gone, and the focus with it.
    queueMicrotask(() => add.current?.focus())
  }
  return (
    <section className="card" aria-labelledby="team-members">
      <h2 id="team-members">Members</h2>
      {present.length === 0 ? <p className="quiet">Nobody is in it now.</p> : list(present, 'Members now', true)}
      {later.length > 0 && (
        <>
          <h3 className="members-when">From a later day</h3>
          {list(later, 'Members from a later day', true)}
        </>
      )}
      {before.length > 0 && (
        <details className="members-before">
          <summary>Before ({before.length})</summary>
          {list(before, 'Members before', false)}
        </details>
      )}
      {mayChange &&
        (adding ? (
          <MemberForm slug={team.slug} onDone={done} />
        ) : (
          <div className="field-buttons">
            <button type="button" ref={add} className="button" onClick={() => setAdding(true)}>
              <Icon name="plus" /> Add a member
            </button>
          </div>
        ))}
      {ending !== null && (
        <EndDialog team={team} member={ending} isLater={whenOf(ending, now) === 'later'} onDone={() => setEnding(null)} />
      )}
    </section>
  )
}

function Entry({ member, now, onEnd }: { member: Member; now: number; onEnd: (() => void) | null }) {
  const { name, role, origin } = member
  const time = timeText(member, now)
  return (
    <Listed
      name={name}
      tags={role !== null && <Tag text={role} />}
      facts={[
        { key: 'time', text: time ?? 'since nobody said when' },
        { key: 'origin', text: originText(origin) },
      ]}
      end={
        onEnd === null ? undefined : (
          <button type="button" className="button button-quiet" aria-label={`End the membership of ${name}`} onClick={onEnd}>
            End
          </button>
        )
      }
    />
  )
}

function EndDialog({ team, member, isLater, onDone }: { team: TeamDetail; member: Member; isLater: boolean; onDone: () => void }) {
  const id = useId()
  const [day, setDay] = useState('')
  const end = useChange<object, { slug: string; person_id: string; at?: string }>('/v1/teams/members/remove', ...TEAM_KEYS, 'people')
  // What has not begun ends where it would begin: it never was.
  const at = isLater && member.valid_from !== null ? member.valid_from : day === '' ? undefined : dayAfter(day)
  return (
    <ConfirmDialog
      title={`${member.name} leaves ${team.name}?`}
      act={isLater ? 'It never begins' : 'End it'}
      busy={end.isPending}
      onAct={() => end.mutate({ slug: team.slug, person_id: member.person_id, ...(at === undefined ? {} : { at }) }, { onSuccess: onDone })}
      onCancel={onDone}
    >
      <p>{isLater ? 'The membership has not begun yet.' : 'That they were in it stays known.'}</p>
      {!isLater && (
        <div className="member-day">
          <label htmlFor={`${id}-day`}>Last day (none: now)</label>
          <input id={`${id}-day`} type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </div>
      )}
      <Failure error={end.error} />
    </ConfirmDialog>
  )
}
