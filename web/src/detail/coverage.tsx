import { Link } from 'wouter'
import type { MetricReply } from '../api/contract.ts'
import { count, percentOf } from '../format/figure.ts'
import { GapList } from '../review/gap-list.tsx'
import { gapsAddress, type View } from '../view-state.ts'

/** How much of the population the number rests on, and what is missing. */
export function Coverage({ metric, view }: { metric: MetricReply; view: View }) {
  const { coverage } = metric
  return (
    <section className="detail-section" aria-labelledby="detail-coverage">
      <h3 id="detail-coverage">Coverage</h3>
      {coverage.share === null ? (
        <p className="quiet">There was nothing that could have had a sample.</p>
      ) : (
        <p>
          {count(coverage.samples)} of {count(coverage.population)} have a value ({percentOf(coverage.share)} %).
        </p>
      )}
      <GapList metric={metric} />
      {metric.gaps.length > 0 && <Link href={gapsAddress(view)}>All data gaps of this window</Link>}
    </section>
  )
}
