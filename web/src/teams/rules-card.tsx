import { TEAM_KEYS, type Rule, type TeamDetail } from '../api/teams.ts'
import { useChange } from '../api/use-change.ts'
import { codeText } from '../format/words.ts'
import { Failure } from '../frame/failure.tsx'
import { Icon } from '../frame/icon.tsx'
import { RuleForm } from './rule-form.tsx'
import { originText } from './team-words.ts'

/** The rules of a team, the strongest first, and one more. */
export function RulesCard({ team, mayChange }: { team: TeamDetail; mayChange: boolean }) {
  const remove = useChange<{ removed: boolean }, { slug: string; id: string }>('/v1/teams/owns/remove', ...TEAM_KEYS)
  return (
    <section className="card" aria-labelledby="team-rules">
      <h2 id="team-rules">Rules</h2>
      {team.owns.length === 0 ? (
        <p className="quiet">No rule yet: it owns nothing by itself.</p>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Rules of the team">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">Pattern</th>
                <th scope="col">Of</th>
                <th scope="col" className="is-number">
                  Precedence
                </th>
                <th scope="col">Came</th>
                {mayChange && (
                  <th scope="col">
                    <span className="visually-hidden">Remove</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {team.owns.map((rule) => (
                <Line
                  key={rule.id}
                  rule={rule}
                  busy={remove.isPending}
                  onRemove={mayChange ? () => remove.mutate({ slug: team.slug, id: rule.id }) : null}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Failure error={remove.error} />
      {mayChange && <RuleForm slug={team.slug} />}
    </section>
  )
}

function Line({ rule, busy, onRemove }: { rule: Rule; busy: boolean; onRemove: (() => void) | null }) {
  const { kind, pattern, precedence, origin } = rule
  return (
    <tr>
      <th scope="row" className="is-pattern" title={pattern}>
        <code>{pattern}</code>
      </th>
      <td>{codeText(kind)}</td>
      <td className="is-number">{precedence}</td>
      <td className="quiet">{originText(origin)}</td>
      {onRemove !== null && (
        <td className="is-number">
          <button
            type="button"
            className="icon-button is-small"
            aria-label={`Remove the rule ${kind} ${pattern}`}
            title="Remove"
            disabled={busy}
            onClick={onRemove}
          >
            <Icon name="remove" />
          </button>
        </td>
      )}
    </tr>
  )
}
