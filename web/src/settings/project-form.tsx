import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState, type FormEvent } from 'react'
import type { Status } from '../api/contract.ts'
import { ask } from '../api/request.ts'
import type { MetricOptions, Project } from '../api/settings.ts'
import { codeText } from '../format/words.ts'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { optionsOf, OPTIONS, PLUGIN } from './project-options.ts'
import './limits.css'

const TIERS = ['production', 'staging', 'testing', 'development', 'other', 'all']

type Written = Record<string, { days: string; environment: string }>

/** What a project holds, and what its figures are asked with where the question says nothing. */
export function ProjectForm({
  project,
  taken,
  status,
  onDone,
}: {
  /** Null makes a new one. */
  project: Project | null
  taken: readonly string[]
  status: Status
  onDone: () => void
}) {
  const id = useId()
  const queries = useQueryClient()
  const standing = optionsOf(project)
  const [name, setName] = useState(project?.name ?? '')
  const [description, setDescription] = useState(project?.description ?? '')
  const [repositories, setRepositories] = useState(() => (project?.repositories ?? []).join('\n'))
  const [services, setServices] = useState(() => (project?.services ?? []).join('\n'))
  const [enabled, setEnabled] = useState(standing.enabled)
  const [written, setWritten] = useState(() => writtenOf(standing.options))
  const options = optionsSaid(written)
  const save = useMutation({
    mutationFn: async () => {
      const held = { repositories: lines(repositories), services: lines(services) }
      const saved = await ask<Project>('/v1/projects', { name: name.trim(), description: description.trim() || null, ...held })
      const isChanged = JSON.stringify({ options, enabled }) !== JSON.stringify(standing)
      if (isChanged) await ask<Project>('/v1/projects/settings', { name: saved.name, plugin: PLUGIN, options, enabled })
    },
    // The first of the two may have been taken where the second was not.
    onSettled: () => queries.invalidateQueries({ queryKey: ['projects'] }),
  })
  const isTaken = project === null && taken.includes(name.trim())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(undefined, { onSuccess: onDone })
  }
  return (
    <form
      className="card edition-form"
      aria-label={project === null ? 'A new project' : `Project ${project.name}`}
      noValidate
      onSubmit={submit}
    >
      <div>
        {project === null && (
          <FieldFrame
            id={`${id}-name`}
            label="Name"
            hint="It stays."
            required
            problem={isTaken ? 'There is a project of that name.' : undefined}
          >
            <input
              {...described(`${id}-name`, isTaken ? '' : undefined)}
              type="text"
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </FieldFrame>
        )}
        <FieldFrame id={`${id}-description`} label="Description" hint="For those who read the list." required={false} problem={undefined}>
          <input
            {...described(`${id}-description`, undefined)}
            type="text"
            autoComplete="off"
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </FieldFrame>
        <FieldFrame
          id={`${id}-services`}
          label="Services"
          hint={`One per line.${status.services.length === 0 ? '' : ` Known: ${status.services.slice(0, 8).join(', ')}${status.services.length > 8 ? ' …' : ''}.`}`}
          required={false}
          problem={undefined}
        >
          <textarea
            {...described(`${id}-services`, undefined)}
            rows={4}
            spellCheck={false}
            value={services}
            onChange={(event) => setServices(event.target.value)}
          />
        </FieldFrame>
        <FieldFrame id={`${id}-repositories`} label="Repositories" hint="One per line." required={false} problem={undefined}>
          <textarea
            {...described(`${id}-repositories`, undefined)}
            rows={4}
            spellCheck={false}
            value={repositories}
            onChange={(event) => setRepositories(event.target.value)}
          />
        </FieldFrame>
      </div>
      <h2>What its figures are asked with</h2>
      <p>Where a question says neither window nor environment, these count.</p>
      <label className="check-line">
        <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
        <span>Use them</span>
      </label>
      {OPTIONS.map(({ name: option, title }) => (
        <OptionRow
          key={option}
          title={title}
          value={written[option] ?? { days: '', environment: '' }}
          onChange={(value) => setWritten({ ...written, [option]: value })}
        />
      ))}
      <Failure error={save.error} />
      <div className="form-end">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button-main" disabled={save.isPending || name.trim() === '' || isTaken}>
          {save.isPending ? 'Saving…' : 'Save'}
        </button>
      </div>
    </form>
  )
}

function OptionRow({ title, value, onChange }: { title: string; value: Written[string]; onChange: (value: Written[string]) => void }) {
  const id = useId()
  return (
    <fieldset className="limits">
      <legend>{title}</legend>
      <div className="limits-row">
        <div className="limit">
          <label htmlFor={`${id}-days`}>Window, in days</label>
          <input
            id={`${id}-days`}
            type="text"
            inputMode="numeric"
            autoComplete="off"
            placeholder="as asked"
            value={value.days}
            onChange={(event) => onChange({ ...value, days: event.target.value })}
          />
        </div>
        <div className="limit">
          <label htmlFor={`${id}-environment`}>Environment</label>
          <select
            id={`${id}-environment`}
            value={value.environment}
            onChange={(event) => onChange({ ...value, environment: event.target.value })}
          >
            <option value="">as asked</option>
            {[...new Set([...TIERS, value.environment])]
              .filter((tier) => tier !== '')
              .map((tier) => (
                <option key={tier} value={tier}>
                  {codeText(tier)}
                </option>
              ))}
          </select>
        </div>
      </div>
    </fieldset>
  )
}

function writtenOf(options: Record<string, MetricOptions>): Written {
  return Object.fromEntries(
    Object.entries(options).map(([name, { window_days: days, environment = '' }]) => [name, { days: String(days ?? ''), environment }]),
  )
}

/** What is no number is sent as it stands, for the server to say so. */
function optionsSaid(written: Written): Record<string, Record<string, unknown>> {
  const said = Object.entries(written).map(([name, { days, environment }]) => {
    const number = Number(days)
    const window = days.trim() === '' ? {} : { window_days: Number.isFinite(number) ? number : days }
    return [name, { ...window, ...(environment === '' ? {} : { environment }) }] as const
  })
  return Object.fromEntries(said.filter(([, option]) => Object.keys(option).length > 0))
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
