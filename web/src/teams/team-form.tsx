import { useId, useState, type FormEvent } from 'react'
import { useLocation } from 'wouter'
import { TEAM_KEYS, type Team } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { teamAddress } from './addresses.ts'
import { linesOf, treeOf, withBelow } from './tree.ts'

interface Saved {
  slug: string
  name: string
  description: string | null
  parent: string | null
}

/** What a team is called, what it is for and where it stands. */
export function TeamForm({ team, teams, onDone }: { team: Saved | null; teams: readonly Team[]; onDone: () => void }) {
  const id = useId()
  const [, go] = useLocation()
  const [name, setName] = useState(team?.name ?? '')
  const [slug, setSlug] = useState<string | null>(team?.slug ?? null)
  const [description, setDescription] = useState(team?.description ?? '')
  const [parent, setParent] = useState(team?.parent ?? '')
  const save = useChange<Team, Saved>('/v1/teams', ...TEAM_KEYS)
  const short = slug ?? slugOf(name)
  const isTaken = team === null && teams.some((one) => one.slug === short)
  const barred = team === null ? [] : withBelow(teams, team.slug)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(
      { slug: short, name: name.trim(), description: description.trim() || null, parent: parent || null },
      {
        onSuccess: (saved) => {
          onDone()
          if (team === null) go(teamAddress(saved.slug))
        },
      },
    )
  }
  return (
    <form className="card" aria-label={team === null ? 'A new team' : `Team ${team.name}`} noValidate onSubmit={submit}>
      <div>
        <FieldFrame id={`${id}-name`} label="Name" hint="As people say it." required problem={undefined}>
          <input
            {...described(`${id}-name`, undefined)}
            type="text"
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </FieldFrame>
        {team === null && (
          <FieldFrame
            id={`${id}-slug`}
            label="Short name"
            hint="In addresses, in files and on the command line. It stays."
            required
            problem={isTaken ? 'There is a team of that short name.' : undefined}
          >
            <input
              {...described(`${id}-slug`, isTaken ? '' : undefined)}
              type="text"
              autoComplete="off"
              spellCheck={false}
              value={short}
              onChange={(event) => setSlug(event.target.value)}
            />
          </FieldFrame>
        )}
        <FieldFrame
          id={`${id}-parent`}
          label="Below"
          hint="The figures of a team include those of the teams below it."
          required={false}
          problem={undefined}
        >
          <select {...described(`${id}-parent`, undefined)} value={parent} onChange={(event) => setParent(event.target.value)}>
            <option value="">no other team</option>
            {linesOf(treeOf(teams)).map(({ team: one, depth }) => (
              <option key={one.slug} value={one.slug} disabled={barred.includes(one.slug)}>
                {`${'\u2003'.repeat(depth)}${one.name}`}
              </option>
            ))}
          </select>
        </FieldFrame>
        <FieldFrame id={`${id}-description`} label="Description" hint="What it is there for." required={false} problem={undefined}>
          <textarea
            {...described(`${id}-description`, undefined)}
            rows={2}
            maxLength={2_000}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </FieldFrame>
      </div>
      <Failure error={save.error} />
      <div className="form-end">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button-main" disabled={save.isPending || name.trim() === '' || short === '' || isTaken}>
          {save.isPending ? 'Saving…' : team === null ? 'Add' : 'Save'}
        </button>
      </div>
    </form>
  )
}

/** A short name from a name: `Check-out & pay` → `check-out-pay` */
function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100)
}
