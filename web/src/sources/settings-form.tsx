import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useMemo, useRef, useState, type FormEvent } from 'react'
import type { Check, Connector, Preview, Problem, Source } from '../api/contract.ts'
import { ask, asProblem } from '../api/request.ts'
import { described, FieldFrame } from '../frame/field.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { CheckResult } from './check-result.tsx'
import { PreviewReport } from './preview-report.tsx'
import { SettingsField } from './settings-field.tsx'
import { fieldsOf, ruleForWorkflow, settingsOf, valuesOf, type Rule, type Value } from './settings.ts'
import './settings-form.css'

const MOST_MINUTES = 10_080
const RULES = 'deployments'

/** The settings of a source, new or standing: asked of the tool and tried on what it tells before they are saved. */
export function SettingsForm({
  connector,
  source,
  taken,
  onSaved,
}: {
  connector: Connector
  source: Source | null
  /** Names that other sources have. */
  taken: readonly string[]
  onSaved: (source: Source) => void
}) {
  const queries = useQueryClient()
  const id = useId()
  const form = useRef<HTMLFormElement>(null)
  const fields = useMemo(() => fieldsOf(connector), [connector])
  const standing = useMemo(() => ({ config: source?.config ?? {}, secrets: source?.secrets ?? [] }), [source])
  const [name, setName] = useState(() => source?.name ?? freeName(connector.id, taken))
  const [minutes, setMinutes] = useState(() => (source?.every_minutes ?? '').toString())
  const [values, setValues] = useState(() => valuesOf(fields, standing.config))
  const [problems, setProblems] = useState<Record<string, string>>({})
  const [tries, setTries] = useState(0)
  const set = (field: string, value: Value) => setValues((before) => ({ ...before, [field]: value }))

  const said = settingsOf(fields, values, standing)
  const asked = { name: name.trim(), connector: connector.id, config: said.config }
  // What was checked or previewed may have been changed since.
  const print = JSON.stringify(asked)
  const check = useMutation({
    mutationFn: async (body: typeof asked) => ({ of: JSON.stringify(body), found: await ask<Check>('/v1/sources/check', body) }),
  })
  const preview = useMutation({
    mutationFn: async (body: typeof asked) => ({ of: JSON.stringify(body), found: await ask<Preview>('/v1/sources/preview', body) }),
  })
  const save = useMutation({
    mutationFn: () => ask<Source>('/v1/sources', { ...asked, every_minutes: minutes.trim() === '' ? null : Number(minutes) }),
    onSuccess: async (saved) => {
      onSaved(saved)
      await Promise.all(['sources', 'status', 'gaps'].map((key) => queries.invalidateQueries({ queryKey: [key] })))
    },
  })
  // The first thing that is wrong gets the focus, each time anew.
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid="true"]')?.focus()
  }, [tries])

  /** Whether the form can be asked about; if not, it says why. */
  const isSound = (): boolean => {
    const found = { ...said.problems, ...nameProblem(name, source, taken), ...minutesProblem(minutes) }
    setProblems(found)
    if (Object.keys(found).length > 0) setTries((before) => before + 1)
    return Object.keys(found).length === 0
  }
  const refused = (thrown: unknown) => {
    const found = fieldProblems(
      asProblem(thrown),
      fields.map((field) => field.name),
    )
    setProblems(found)
    if (Object.keys(found).length > 0) setTries((before) => before + 1)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isSound()) save.mutate(undefined, { onError: refused })
  }
  const rules = fields.find((field) => field.name === RULES)
  const ruleParts = rules?.kind === 'rules' ? rules.parts : null
  const makesDeployments = connector.streams.some(({ produces }) => produces.includes('deployments'))
  const pulls = connector.streams.some(({ pulled }) => pulled)
  const failed = save.error ?? check.error ?? preview.error
  const retry = () => {
    if (save.error !== null) save.mutate(undefined, { onError: refused })
    else if (check.error !== null) check.mutate(asked, { onError: refused })
    else preview.mutate(asked, { onError: refused })
  }
  const reset = () => {
    save.reset()
    check.reset()
    preview.reset()
  }
  const takeWorkflow = (workflow: string) => {
    if (ruleParts !== null) set(RULES, [...((values[RULES] ?? []) as Rule[]), ruleForWorkflow(ruleParts, workflow)])
  }
  return (
    <form
      ref={form}
      className="settings to-press"
      aria-label={`Settings of ${source?.name ?? connector.title}`}
      noValidate
      onSubmit={submit}
    >
      <div className="card settings-fields">
        {source === null && (
          <FieldFrame
            id={`${id}-name`}
            label="Name"
            hint="What this source is called here, and in the address of its webhook. It stays."
            required
            problem={problems['name']}
          >
            <input
              {...described(`${id}-name`, problems['name'])}
              type="text"
              autoComplete="off"
              spellCheck={false}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </FieldFrame>
        )}
        {fields.map((field) => (
          <SettingsField
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            kept={standing.secrets.includes(field.name)}
            problem={problems[field.name]}
            onChange={(value) => set(field.name, value)}
          />
        ))}
        {pulls && (
          <FieldFrame
            id={`${id}-minutes`}
            label="Pull every … minutes"
            hint={`How often Fairlead asks by itself. Without a number: 15; 0: never.${source === null ? '' : ' An empty field leaves it as it is.'}`}
            required={false}
            problem={problems['every_minutes']}
          >
            <input
              {...described(`${id}-minutes`, problems['every_minutes'])}
              type="text"
              inputMode="numeric"
              autoComplete="off"
              placeholder="15"
              value={minutes}
              onChange={(event) => setMinutes(event.target.value)}
            />
          </FieldFrame>
        )}
      </div>
      {failed !== null && <ProblemNotice problem={asProblem(failed)} onRetry={retry} retrying={false} />}
      {check.data !== undefined && (
        <div className={check.data.of === print ? undefined : 'is-old'}>
          {check.data.of !== print && <Since what="checked" />}
          <CheckResult check={check.data.found} />
        </div>
      )}
      <div className="settings-end">
        {pulls && (
          <button
            type="button"
            className="button"
            disabled={check.isPending}
            onClick={() => {
              reset()
              if (isSound()) check.mutate(asked, { onError: refused })
            }}
          >
            {check.isPending ? 'Checking…' : 'Check'}
          </button>
        )}
        {makesDeployments && (
          <button
            type="button"
            className="button"
            disabled={preview.isPending}
            title="What these settings would make deployments of; nothing is saved"
            onClick={() => {
              reset()
              if (isSound()) preview.mutate(asked, { onError: refused })
            }}
          >
            {preview.isPending ? 'Looking…' : 'Preview'}
          </button>
        )}
        <button type="submit" className="button button-main" disabled={save.isPending}>
          {save.isPending ? 'Saving…' : source === null ? 'Connect' : 'Save'}
        </button>
      </div>
      {preview.data !== undefined && (
        <div className={preview.data.of === print ? undefined : 'is-old'}>
          {preview.data.of !== print && <Since what="previewed" />}
          <PreviewReport
            preview={preview.data.found}
            isNew={source === null}
            onTake={ruleParts === null ? null : takeWorkflow}
            taken={workflowsTaken(values[RULES])}
          />
        </div>
      )}
    </form>
  )
}

function Since({ what }: { what: string }) {
  return <p className="is-warn settings-since">The settings have changed since they were {what}.</p>
}

function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted
  for (let number = 2; ; number++) if (!taken.includes(`${wanted}-${number}`)) return `${wanted}-${number}`
}

function nameProblem(name: string, source: Source | null, taken: readonly string[]): Record<string, string> {
  if (name.trim() === '') return { name: 'A source needs a name.' }
  return source === null && taken.includes(name.trim()) ? { name: 'There is a source of that name already.' } : {}
}

function minutesProblem(minutes: string): Record<string, string> {
  const text = minutes.trim()
  if (text === '' || (/^\d+$/.test(text) && Number(text) <= MOST_MINUTES)) return {}
  return { every_minutes: `This must be a whole number of minutes, at most ${MOST_MINUTES} (a week).` }
}

/** What the server says of single fields, at those fields. */
function fieldProblems(problem: Problem, names: string[]): Record<string, string> {
  return Object.fromEntries(
    (problem.errors ?? []).flatMap(({ path, message }) => {
      const [name = '', index, part] = path.split('.')
      if (!names.includes(name)) return []
      const place =
        index === undefined ? '' : `${/^\d+$/.test(index) ? `No. ${Number(index) + 1}` : index}${part === undefined ? '' : `, ${part}`}: `
      return [[name, `${place}${message}`]]
    }),
  )
}

function workflowsTaken(rules: Value | undefined): string[] {
  return ((rules ?? []) as Rule[]).filter((rule) => rule['from'] === 'run').map((rule) => rule['name'] ?? '')
}
