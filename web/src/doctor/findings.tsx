import type { DoctorFinding } from '../api/contract.ts'
import { many } from '../format/figure.ts'
import { Icon } from '../frame/icon.tsx'

const LEVELS: Readonly<Record<DoctorFinding['level'], string>> = { failure: 'Failure', warning: 'Warning', note: 'Note', ok: 'Holds' }

/** What does not hold, will hurt or is good to know, each with what to do about it. */
export function Findings({ findings, label }: { findings: readonly DoctorFinding[]; label: string }) {
  return (
    <ul className="findings" aria-label={label}>
      {findings.map(({ check, level, title, says, remedy }) => (
        <li key={`${check} ${says}`} className={`is-${level}`}>
          <Icon name={level === 'note' ? 'unknown' : 'warning'} />
          <div>
            <p>
              <span className="finding-level">{LEVELS[level]}</span> <span className="quiet">{title}</span>
            </p>
            <p className="finding-says">{says}</p>
            {remedy !== null && <p className="finding-remedy">{remedy}</p>}
          </div>
        </li>
      ))}
    </ul>
  )
}

/** The checks that hold: there for who wants to know what was looked at. */
export function Holding({ findings, open = false }: { findings: readonly DoctorFinding[]; open?: boolean }) {
  if (findings.length === 0) return null
  return (
    <details className="doctor-more" open={open}>
      <summary>{many(findings.length, 'check holds', 'checks hold')}</summary>
      <ul className="holding">
        {findings.map(({ check, says }) => (
          <li key={`${check} ${says}`}>
            <Icon name="check" />
            <span>{says}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}
