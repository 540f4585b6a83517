import type { Problem } from '../api/contract.ts'
import { ProblemNotice } from './problem-notice.tsx'

const OUTDATED: Problem = {
  title: 'This part of the page failed',
  status: 0,
  code: 'page',
  detail: 'This part of the page could not be shown.',
  help: 'If Fairlead was upgraded while this page was open, loading it again is all it needs.',
}

export function Outdated() {
  return <ProblemNotice problem={OUTDATED} onRetry={() => window.location.reload()} retrying={false} />
}
