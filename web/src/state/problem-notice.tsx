import type { Problem } from '../api/contract.ts'
import { Icon } from '../frame/icon.tsx'
import { Prose } from '../frame/prose.tsx'
import './problem-notice.css'

/** What failed, what to do about it, and a way to try again. */
export function ProblemNotice({ problem, onRetry, retrying }: { problem: Problem; onRetry: () => void; retrying: boolean }) {
  return (
    <div className="problem" role="alert">
      <Icon name="warning" />
      <div className="problem-text">
        <p className="problem-detail">
          <Prose text={problem.detail} />
        </p>
        {problem.help !== null && (
          <p>
            <Prose text={problem.help} />
          </p>
        )}
        <p className="problem-code">
          {problem.status > 0 && `${problem.status} · `}
          <code>{problem.code}</code>
        </p>
      </div>
      <button type="button" className="button" onClick={onRetry} disabled={retrying}>
        {retrying ? 'Trying…' : 'Try again'}
      </button>
    </div>
  )
}
