import { useState } from 'react'
import type { MetricReply } from '../api/contract.ts'
import { useTeams } from '../api/teams.ts'
import { count, figure, type Scale } from '../format/figure.ts'
import { reasonText } from '../format/words.ts'
import { ShareBar } from '../frame/share-bar.tsx'
import { Segments } from '../frame/segments.tsx'
import type { ChangeView } from '../use-view.ts'
import { GROUP_KEYS, type View } from '../view-state.ts'

const GROUPS_SHOWN = 10
const WORDS = {
  service: { title: 'By service', column: 'Service', all: 'services', none: 'no service known', empty: 'No service has a sample here.' },
  team: { title: 'By team', column: 'Team', all: 'teams', none: 'owned by no team', empty: 'No team has a sample here.' },
} as const

/** The same metric per service or per team; a name narrows the whole review to it. */
export function Groups({
  metric,
  isOld,
  scale,
  view,
  change,
}: {
  metric: MetricReply
  /** What is shown is the answer to the question before: its groups may be of the other kind. */
  isOld: boolean
  scale: Scale
  view: View
  change: ChangeView
}) {
  const [all, setAll] = useState(false)
  const teams = useTeams().data?.items ?? []
  const { by } = view
  const words = WORDS[by]
  const chosen = view[by]
  const nameOf = (key: string) => (by === 'team' ? (teams.find(({ slug }) => slug === key)?.name ?? key) : key)
  const shown = all ? metric.groups : metric.groups.slice(0, GROUPS_SHOWN)
  const top = Math.max(0, ...metric.groups.map(({ value }) => value ?? 0))
  return (
    <section className="detail-section" aria-labelledby="detail-groups">
      <div className="groups-head">
        <h3 id="detail-groups">{words.title}</h3>
        {(teams.length > 0 || by === 'team') && (
          <Segments
            legend="Broken down by"
            options={GROUP_KEYS.map((key) => ({ value: key, text: WORDS[key].column }))}
            value={by}
            onChoose={(key) => change({ by: key })}
          />
        )}
      </div>
      {metric.groups.length === 0 ? (
        <p className="quiet">{words.empty}</p>
      ) : (
        <table className={isOld ? 'groups is-old' : 'groups'}>
          <thead className="visually-hidden">
            <tr>
              <th scope="col">{words.column}</th>
              <th scope="col">Share of the largest</th>
              <th scope="col">Value</th>
              <th scope="col">n</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((group) => (
              <tr key={group.key ?? ''}>
                <th scope="row">
                  {group.key === null ? (
                    <span className="quiet">{words.none}</span>
                  ) : group.key === chosen ? (
                    <strong>{nameOf(group.key)}</strong>
                  ) : (
                    <button
                      type="button"
                      className="link"
                      disabled={isOld}
                      title={`Show only ${nameOf(group.key)}`}
                      onClick={() => change({ [by]: group.key })}
                    >
                      {nameOf(group.key)}
                    </button>
                  )}
                </th>
                <ShareBar share={top > 0 ? (group.value ?? 0) / top : 0} />
                <td className="groups-value">
                  {group.value === null ? <span className="quiet">{reasonText(group.why)}</span> : figure(group.value, scale)}
                </td>
                <td className="groups-n">n {count(group.n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown.length < metric.groups.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          Show all {count(metric.groups.length)} {words.all}
        </button>
      )}
      {chosen !== null && (
        <button type="button" className="link" onClick={() => change({ [by]: null })}>
          Back to all {words.all}
        </button>
      )}
    </section>
  )
}
