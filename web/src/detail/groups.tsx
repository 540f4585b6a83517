import { useState } from 'react'
import type { MetricReply } from '../api/contract.ts'
import { count, figure, type Scale } from '../format/figure.ts'
import { reasonText } from '../format/words.ts'

const GROUPS_SHOWN = 10

/** The same metric per service; a name narrows the whole review to it. */
export function Groups({
  metric,
  scale,
  service,
  onChoose,
}: {
  metric: MetricReply
  scale: Scale
  service: string | null
  onChoose: (service: string | null) => void
}) {
  const [all, setAll] = useState(false)
  const shown = all ? metric.groups : metric.groups.slice(0, GROUPS_SHOWN)
  const top = Math.max(0, ...metric.groups.map(({ value }) => value ?? 0))
  return (
    <section className="detail-section" aria-labelledby="detail-groups">
      <h3 id="detail-groups">By service</h3>
      {metric.groups.length === 0 ? (
        <p className="quiet">No service has a sample here.</p>
      ) : (
        <table className="groups">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Service</th>
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
                    <span className="quiet">no service known</span>
                  ) : group.key === service ? (
                    <strong>{group.key}</strong>
                  ) : (
                    <button type="button" className="link" title={`Show only ${group.key}`} onClick={() => onChoose(group.key)}>
                      {group.key}
                    </button>
                  )}
                </th>
                <td className="groups-bar" aria-hidden="true">
                  {group.value !== null && top > 0 && <div style={{ inlineSize: `${(group.value / top) * 100}%` }} />}
                </td>
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
          Show all {count(metric.groups.length)} services
        </button>
      )}
      {service !== null && (
        <button type="button" className="link" onClick={() => onChoose(null)}>
          Back to all services
        </button>
      )}
    </section>
  )
}
