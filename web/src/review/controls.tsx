import { useId } from 'react'
import type { Status } from '../api/contract.ts'
import { useBenchmarks } from '../api/settings.ts'
import { useTeams, type Team } from '../api/teams.ts'
import { Icon } from '../frame/icon.tsx'
import { editionsOf, editionText } from '../settings/editions.ts'
import { linesOf, treeOf } from '../teams/tree.ts'
import { DEFAULT_EDITION, DEFAULT_ENVIRONMENT, EDITIONS, WINDOWS, type View } from '../view-state.ts'
import type { ChangeView } from '../use-view.ts'
import '../frame/segments.css'
import './controls.css'

const WEEK = 7

export function Controls({ view, change, status, edition }: { view: View; change: ChangeView; status: Status; edition: string | null }) {
  const services = withCurrent(status.services, view.service)
  const environments = withCurrent(
    withCurrent(status.environments, DEFAULT_ENVIRONMENT),
    view.environment === 'all' ? null : view.environment,
  )
  const teams = useTeams().data?.items ?? []
  const known = editionsOf(useBenchmarks().data?.items)
  const editions = withCurrent(withCurrent(known.length === 0 ? EDITIONS : known, edition), view.edition)
  return (
    <form className="controls" aria-label="What the review shows" onSubmit={(event) => event.preventDefault()}>
      <WindowChoice days={view.days} onChoose={(days) => change({ days })} />
      <WeekSteps offset={view.offset} onStep={(offset) => change({ offset })} />
      <Choice
        label="Service"
        value={view.service ?? ''}
        options={[{ value: '', text: 'All services' }, ...services.map(plain)]}
        onChoose={(service) => change({ service: service === '' ? null : service })}
      />
      {(teams.length > 0 || view.team !== null) && (
        <Choice
          label="Team"
          value={view.team ?? ''}
          options={[{ value: '', text: 'All teams' }, ...teamOptions(teams, view.team)]}
          onChoose={(team) => change({ team: team === '' ? null : team })}
        />
      )}
      <Choice
        label="Environment"
        value={view.environment ?? DEFAULT_ENVIRONMENT}
        options={[...environments.map(plain), { value: 'all', text: 'All environments' }]}
        onChoose={(environment) => change({ environment })}
      />
      <Choice
        label="Levels"
        value={view.edition ?? edition ?? DEFAULT_EDITION}
        options={editions.map((one) => ({ value: one, text: editionText(one) }))}
        onChoose={(chosen) => change({ edition: chosen })}
      />
    </form>
  )
}

export function WindowChoice({ days, onChoose }: { days: number; onChoose: (days: number) => void }) {
  const name = useId()
  const choices = WINDOWS.some((known) => known === days) ? WINDOWS : [...WINDOWS, days].toSorted((a, b) => a - b)
  return (
    <fieldset className="segments">
      <legend>Window</legend>
      <div className="segments-row">
        {choices.map((choice) => (
          <label key={choice}>
            <input type="radio" name={name} checked={choice === days} onChange={() => onChoose(choice)} />
            <span>
              {choice}
              <span className="visually-hidden"> days</span>
              <abbr aria-hidden="true">d</abbr>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

export function WeekSteps({ offset, onStep }: { offset: number; onStep: (offset: number) => void }) {
  return (
    <div className="steps" role="group" aria-label="Move the window">
      <span className="steps-label" aria-hidden="true">
        {offset === 0 ? 'Up to now' : `${offset} d back`}
      </span>
      <div className="steps-row">
        <button
          type="button"
          className="icon-button"
          aria-label="One week back"
          title="One week back"
          onClick={() => onStep(offset + WEEK)}
        >
          <Icon name="left" />
        </button>
        <button type="button" className="button button-quiet" disabled={offset === 0} onClick={() => onStep(0)}>
          Now
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="One week forward"
          title="One week forward"
          disabled={offset === 0}
          onClick={() => onStep(Math.max(0, offset - WEEK))}
        >
          <Icon name="right" />
        </button>
      </div>
    </div>
  )
}

interface Option {
  value: string
  text: string
}

export function Choice({
  label,
  value,
  options,
  onChoose,
}: {
  label: string
  value: string
  options: Option[]
  onChoose: (value: string) => void
}) {
  const id = useId()
  return (
    <div className="choice">
      <label htmlFor={id}>{label}</label>
      <div className="choice-field">
        <select id={id} value={value} onChange={(event) => onChoose(event.target.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
        <Icon name="expand" />
      </div>
    </div>
  )
}

/** Those below another stand below it, a step to the right. */
function teamOptions(teams: readonly Team[], current: string | null): Option[] {
  const known = linesOf(treeOf(teams)).map(({ team, depth }) => ({ value: team.slug, text: `${'\u2003'.repeat(depth)}${team.name}` }))
  return current === null || teams.some(({ slug }) => slug === current) ? known : [...known, plain(current)]
}

function plain(value: string): Option {
  return { value, text: value }
}

/** A shared address may name something that the server no longer lists; it stays visible as what is being filtered. */
function withCurrent(known: readonly string[], current: string | null): string[] {
  return current === null || known.includes(current) ? [...known] : [...known, current].toSorted()
}
