import type { Connector, SourceHealth } from '../api/contract.ts'
import { count } from '../format/figure.ts'
import { codeText } from '../format/words.ts'
import { Ago } from '../frame/ago.tsx'

/** What came, stream by stream; a stream that the connector has and that told nothing is listed, too. */
export function Streams({
  health,
  connector,
  zone,
  now,
}: {
  health: SourceHealth
  connector: Connector | undefined
  zone: string
  now: number
}) {
  const silent = connector?.streams.filter(({ name }) => !health.streams.some(({ stream }) => stream === name)) ?? []
  return (
    <section className="card" aria-labelledby="source-streams">
      <h2 id="source-streams">Streams</h2>
      {health.streams.length === 0 && silent.length === 0 ? (
        <p className="quiet">Nothing has come yet.</p>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Table of streams">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">Stream</th>
                <th scope="col" className="is-number">
                  Items
                </th>
                <th scope="col" className="is-number">
                  Repeated
                </th>
                <th scope="col" className="is-number">
                  Unread
                </th>
                <th scope="col" className="is-number">
                  Last
                </th>
              </tr>
            </thead>
            <tbody>
              {health.streams.map(({ stream, items, repeated, unread, last_at }) => (
                <tr key={stream}>
                  <th scope="row">{codeText(stream)}</th>
                  <td className="is-number">{count(items)}</td>
                  <td className="is-number">{count(repeated)}</td>
                  <td className={unread > 0 ? 'is-number is-warn' : 'is-number'}>{count(unread)}</td>
                  <td className="is-number">
                    <Ago at={last_at} now={now} zone={zone} never="never" />
                  </td>
                </tr>
              ))}
              {silent.map(({ name }) => (
                <tr key={name} className="quiet">
                  <th scope="row">{codeText(name)}</th>
                  <td className="is-number">0</td>
                  <td className="is-number">0</td>
                  <td className="is-number">0</td>
                  <td className="is-number">never</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
