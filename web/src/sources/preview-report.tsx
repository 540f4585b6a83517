import type { Preview, ShownDeployment } from '../api/contract.ts'
import { count } from '../format/figure.ts'
import { shortMoment } from '../format/moment.ts'
import { Icon } from '../frame/icon.tsx'
import { patternOf } from './settings.ts'
import './preview-report.css'

/** What settings would make of what the source tells, before they are saved. */
export function PreviewReport({
  preview,
  isNew,
  onTake,
  taken,
}: {
  preview: Preview
  isNew: boolean
  /** Makes a rule of a workflow; null for a connector that has no rules. */
  onTake: ((workflow: string) => void) | null
  /** Patterns of the rules that take runs. */
  taken: string[]
}) {
  const { items, from, before, after, matched, added, removed, unmatched } = preview
  return (
    <section className="card preview" aria-labelledby="preview">
      <h2 id="preview">Preview</h2>
      <p role="status">
        <strong>
          {count(after)} {after === 1 ? 'deployment' : 'deployments'}
        </strong>{' '}
        {isNew ? '' : `(${count(before)} with the settings that stand) `}
        of {count(items)} {from === 'kept' ? 'items that are kept' : 'items of a first look at the tool'}. Nothing is saved.
      </p>
      {after === 0 && items > 0 && <p className="is-warn">No rule takes anything for a deployment.</p>}
      {matched.length > 0 && (
        <Part title="What the rules match">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col">Service</th>
                <th scope="col">Environment</th>
                <th scope="col" className="is-number">
                  Deployments
                </th>
                <th scope="col" className="is-number">
                  Last
                </th>
              </tr>
            </thead>
            <tbody>
              {matched.map(({ rule, service, environment, deployments, last_at }) => (
                <tr key={`${rule} ${service} ${environment}`}>
                  <th scope="row">
                    <code>{rule}</code>
                  </th>
                  <td>{service}</td>
                  <td>{environment}</td>
                  <td className="is-number">{count(deployments)}</td>
                  <td className="is-number">{shortMoment(last_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Part>
      )}
      {!isNew && added.length > 0 && <Deployments title="Added, the newest" list={added} />}
      {removed.length > 0 && <Deployments title="No longer there, the newest" list={removed} />}
      {unmatched.length > 0 && (
        <div className="preview-part">
          <h3 id="preview-unmatched">Workflows that no rule takes</h3>
          <ul className="unmatched" aria-labelledby="preview-unmatched">
            {unmatched.map(({ workflow, repository, runs, last_at }) => (
              <li key={`${workflow} ${repository}`}>
                <div>
                  <p>{workflow}</p>
                  <p className="quiet">
                    {[repository, `${count(runs)} ${runs === 1 ? 'run' : 'runs'}, the last on ${shortMoment(last_at)}`]
                      .filter((part) => part !== null)
                      .join(' · ')}
                  </p>
                </div>
                {onTake !== null &&
                  (taken.includes(patternOf(workflow)) ? (
                    <span className="preview-taken">
                      <Icon name="check" /> a rule now
                    </span>
                  ) : (
                    <button type="button" className="button" aria-label={`Make a rule of it: ${workflow}`} onClick={() => onTake(workflow)}>
                      Make a rule of it
                    </button>
                  ))}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div className="preview-part">
      <h3>{title}</h3>
      <div className="table-box" tabIndex={0} role="region" aria-label={title}>
        {children}
      </div>
    </div>
  )
}

function Deployments({ title, list }: { title: string; list: ShownDeployment[] }) {
  return (
    <Part title={title}>
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Deployment</th>
            <th scope="col">Service</th>
            <th scope="col">Environment</th>
            <th scope="col">Outcome</th>
            <th scope="col" className="is-number">
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map(({ id, title, url, service, environment_name, outcome, at }) => (
            <tr key={id}>
              <th scope="row">
                {url === null ? (
                  (title ?? id)
                ) : (
                  <a href={url} target="_blank" rel="noreferrer">
                    {title ?? id}
                  </a>
                )}
              </th>
              <td>{service}</td>
              <td>{environment_name}</td>
              <td>{outcome}</td>
              <td className="is-number">{shortMoment(at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  )
}
