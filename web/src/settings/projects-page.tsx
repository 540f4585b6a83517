import { useState } from 'react'
import type { Status } from '../api/contract.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { useProjects, type Project } from '../api/settings.ts'
import { useChange } from '../api/use-change.ts'
import { codeText } from '../format/words.ts'
import { Chips } from '../frame/chips.tsx'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Icon } from '../frame/icon.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { optionsOf, OPTIONS } from './project-options.ts'
import { ProjectForm } from './project-form.tsx'
import { SettingPages } from './setting-pages.tsx'

/** Repositories and services that are looked at together, and what their figures are asked with. */
export default function ProjectsPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  const projects = useProjects()
  const [form, setForm] = useState<'closed' | 'new' | Project>('closed')
  const [removing, setRemoving] = useState<string | null>(null)
  const items = projects.data?.items ?? []
  return (
    <Page
      status={status}
      title="Projects"
      lead={<p>Repositories and services that are looked at together.</p>}
      end={
        mayChange === true && projects.data !== undefined && form === 'closed' ? (
          <button type="button" className="button button-main" onClick={() => setForm('new')}>
            <Icon name="plus" /> Add a project
          </button>
        ) : undefined
      }
    >
      <SettingPages />
      {projects.error !== null && (
        <ProblemNotice problem={asProblem(projects.error)} onRetry={() => void projects.refetch()} retrying={projects.isFetching} />
      )}
      {projects.data === undefined ? (
        projects.error === null && <CardBones what="the projects" />
      ) : form !== 'closed' ? (
        <ProjectForm
          project={form === 'new' ? null : form}
          taken={items.map(({ name }) => name)}
          status={status}
          onDone={() => setForm('closed')}
        />
      ) : (
        <div className="cards">
          {mayChange === false && <ReadOnly what="the projects" />}
          {items.length === 0 && (
            <section className="card" aria-labelledby="no-projects">
              <h2 id="no-projects">No projects yet</h2>
              <p>
                A project names repositories and services, and says over which days and in which environment its figures are asked.{' '}
                <code>project=</code> in the API and <code>--project</code> on the command line narrow every figure to it.
              </p>
            </section>
          )}
          {items.map((project) => (
            <ProjectCard
              key={project.name}
              project={project}
              onChange={mayChange === true ? () => setForm(project) : null}
              onRemove={() => setRemoving(project.name)}
            />
          ))}
        </div>
      )}
      {removing !== null && <RemoveProject name={removing} onDone={() => setRemoving(null)} />}
    </Page>
  )
}

function ProjectCard({ project, onChange, onRemove }: { project: Project; onChange: (() => void) | null; onRemove: () => void }) {
  const { name, description, repositories, services } = project
  const { options, enabled } = optionsOf(project)
  const said = OPTIONS.filter((option) => options[option.name] !== undefined)
  return (
    <section className="card" aria-label={name}>
      <h2 className="is-name" title={name}>
        {name}
      </h2>
      {description !== null && <p>{description}</p>}
      <dl className="facts-list is-wide">
        {repositories.length > 0 && (
          <div>
            <dt>Repositories</dt>
            <dd>
              <Chips names={repositories} label="Repositories" />
            </dd>
          </div>
        )}
        {services.length > 0 && (
          <div>
            <dt>Services</dt>
            <dd>
              <Chips names={services} label="Services" />
            </dd>
          </div>
        )}
        {said.length > 0 && (
          <div>
            <dt>Asked with{enabled ? '' : ' (switched off)'}</dt>
            <dd>
              {said.map(({ name: option, title }) => {
                const { window_days: days, environment } = options[option] ?? {}
                const parts = [days === undefined ? null : `${days} days`, environment === undefined ? null : codeText(environment)]
                return (
                  <p key={option}>
                    {title}: {parts.filter((part) => part !== null).join(', ') || 'as asked'}
                  </p>
                )
              })}
            </dd>
          </div>
        )}
      </dl>
      {onChange !== null && (
        <div className="field-buttons">
          <button type="button" className="button" aria-label={`Change ${name}`} onClick={onChange}>
            Change
          </button>
          <button type="button" className="button button-bad" aria-label={`Remove ${name}`} onClick={onRemove}>
            <Icon name="remove" /> Remove
          </button>
        </div>
      )}
    </section>
  )
}

function RemoveProject({ name, onDone }: { name: string; onDone: () => void }) {
  const remove = useChange<object, { name: string }>('/v1/projects/remove', 'projects')
  return (
    <ConfirmDialog
      title={`Remove ${name}?`}
      act="Remove"
      busy={remove.isPending}
      onAct={() => remove.mutate({ name }, { onSuccess: onDone })}
      onCancel={onDone}
    >
      <p>Its repositories and services stay, with everything that is known of them.</p>
      <Failure error={remove.error} />
    </ConfirmDialog>
  )
}
