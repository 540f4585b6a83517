import type { SourceHealth } from '../api/contract.ts'
import { count } from '../format/figure.ts'
import { day as dayText } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import './day-strip.css'

const DAYS = 35
const DAY_MS = 86_400_000
/** Shades of something; none is a shade of its own. */
const SHADES = 4

/** How much of each stream happened on each of the last days: a gap in the strip is a day that nobody told of. */
export function DayStrip({ health, zone, now }: { health: SourceHealth; zone: string; now: number }) {
  const days = lastDays(now, zone)
  const rows = streamsOf(health).map((stream) => {
    const items = new Map(health.days.filter((one) => one.stream === stream).map((one) => [one.day, one.items]))
    return { stream, items: days.map((day) => items.get(day) ?? 0) }
  })
  return (
    <section className="card" aria-labelledby="source-days">
      <h2 id="source-days">Happened, by day</h2>
      {rows.length === 0 ? (
        <p className="quiet">Nothing of the last {DAYS} days has been told.</p>
      ) : (
        <>
          <div className="strip">
            {rows.map(({ stream, items }) => (
              <div className="strip-row" key={stream}>
                <span className="strip-name" aria-hidden="true">
                  {codeText(stream)}
                </span>
                <div className="strip-days" role="img" aria-label={inWords(stream, days, items)}>
                  {items.map((number, index) => (
                    <span
                      key={days[index]}
                      className="strip-day"
                      data-shade={shade(number, Math.max(...items))}
                      title={`${named(days[index] ?? '')}: ${count(number)}`}
                    />
                  ))}
                </div>
              </div>
            ))}
            <div className="strip-row" aria-hidden="true">
              <span className="strip-name" />
              <div className="strip-ends">
                <span>{named(days[0] ?? '')}</span>
                <span>{named(days.at(-1) ?? '')}</span>
              </div>
            </div>
          </div>
          <details className="series-table">
            <summary>The same as a table</summary>
            <div className="table-box" tabIndex={0} role="region" aria-label="Items by day and stream">
              <table className="data-table">
                <caption className="visually-hidden">Items by day and stream</caption>
                <thead>
                  <tr>
                    <th scope="col">Day</th>
                    {rows.map(({ stream }) => (
                      <th key={stream} scope="col" className="is-number">
                        {codeText(stream)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {days.toReversed().map((day, back) => (
                    <tr key={day}>
                      <th scope="row" className="is-when">
                        {named(day)}
                      </th>
                      {rows.map(({ stream, items }) => (
                        <td key={stream} className="is-number">
                          {count(items[days.length - 1 - back] ?? 0)}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
    </section>
  )
}

/** The streams that told of something in these days, in the order of the list below. */
function streamsOf(health: SourceHealth): string[] {
  return [...new Set(health.days.map(({ stream }) => stream))].toSorted()
}

function lastDays(now: number, zone: string): string[] {
  const today = Date.parse(dateIn(now, zone))
  return Array.from({ length: DAYS }, (_, index) => new Date(today - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10))
}

/** `2025-11-14` */
function dateIn(at: number, zone: string): string {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  try {
    return new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: zone }).format(at)
  } catch {
    return new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: 'UTC' }).format(at)
  }
}

/** A day is a word here, without a zone. */
function named(day: string): string {
  return dayText(`${day}T00:00:00Z`, 'UTC')
}

/** By the logarithm, so that one busy day does not make all the others look empty. */
function shade(items: number, most: number): number {
  if (items === 0) return 0
  return most <= 1 ? SHADES : 1 + Math.round((Math.log(items) / Math.log(most)) * (SHADES - 1))
}

function inWords(stream: string, days: string[], items: number[]): string {
  const sum = items.reduce((total, one) => total + one, 0)
  const busy = items.filter((one) => one > 0).length
  const most = Math.max(...items)
  return `${codeText(stream)}: ${count(sum)} on ${busy} of the last ${DAYS} days, the most on ${named(days[items.indexOf(most)] ?? '')} with ${count(most)}`
}
