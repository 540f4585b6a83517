import { LEVEL_NAMES, type Band } from '../api/settings.ts'
import { codeText } from '../format/words.ts'
import { bandText } from './bands.ts'

/** What each level of an edition asks for, metric by metric. */
export function EditionTable({ bands, titleOf }: { bands: readonly Band[]; titleOf: (metric: string) => string }) {
  const metrics = [...new Set(bands.map(({ metric }) => metric))]
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Levels of the edition">
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            {LEVEL_NAMES.map((level) => (
              <th scope="col" key={level}>
                {codeText(level)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <tr key={metric}>
              <th scope="row">{titleOf(metric)}</th>
              {LEVEL_NAMES.map((level) => {
                const band = bands.find((one) => one.metric === metric && one.level === level)
                return <td key={level}>{band === undefined ? <span className="quiet">no such level</span> : bandText(band)}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
