import type { SourceHealth } from '../api/contract.ts'
import { date, shortMoment } from '../format/moment.ts'
import { codeText } from '../format/words.ts'

/** Since when, and until when, the source was watching: outside of it nothing is unknown rather than zero. */
export function Spans({ health, zone }: { health: SourceHealth; zone: string }) {
  return (
    <section className="card" aria-labelledby="source-spans">
      <h2 id="source-spans">Covered</h2>
      {health.coverage.length === 0 ? (
        <p className="quiet">No span of time is covered yet. Figures there are unknown, not zero.</p>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Table of what is covered">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">From</th>
                <th scope="col">To</th>
              </tr>
            </thead>
            <tbody>
              {health.coverage.map(({ table, from_at, to_at, open }) => (
                <tr key={`${table} ${from_at}`}>
                  <th scope="row">{codeText(table)}</th>
                  <td>{date(from_at, zone)}</td>
                  <td>{open ? 'now' : shortMoment(to_at, zone)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
