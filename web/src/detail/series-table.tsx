import type { MetricReply } from '../api/contract.ts'
import { count, figure, type Scale } from '../format/figure.ts'
import { bucketText } from '../format/moment.ts'
import { reasonText } from '../format/words.ts'

export function SeriesTable({ metric, scale }: { metric: MetricReply; scale: Scale }) {
  return (
    <details className="series-table">
      <summary>The same as a table</summary>
      <table>
        <caption className="visually-hidden">{metric.title} over time</caption>
        <thead>
          <tr>
            <th scope="col">Interval</th>
            <th scope="col">Value</th>
            <th scope="col" className="is-number">
              n
            </th>
          </tr>
        </thead>
        <tbody>
          {metric.series.map((bucket) => (
            <tr key={bucket.from}>
              <th scope="row">
                {bucketText(bucket.from, bucket.to, metric.window.tz)}
                {bucket.partial && <span className="quiet"> (in part)</span>}
              </th>
              <td>{bucket.value === null ? <span className="quiet">{reasonText(bucket.why)}</span> : figure(bucket.value, scale)}</td>
              <td className="is-number">{count(bucket.n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
