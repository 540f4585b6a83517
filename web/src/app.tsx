import { useStatus } from './api/queries.ts'
import { asProblem, ProblemError } from './api/request.ts'
import { ReviewPage } from './review/review-page.tsx'
import { FirstRun } from './state/first-run.tsx'
import { NotFound } from './state/not-found.tsx'
import { ProblemNotice } from './state/problem-notice.tsx'
import { ReviewSkeleton } from './state/review-skeleton.tsx'
import { SignIn } from './state/sign-in.tsx'
import { PlainPage } from './frame/plain-page.tsx'

/** Which page there is to show. There is one address, `/`; what it shows depends on who asks and on what has arrived. */
export function App() {
  const { pathname } = window.location
  return pathname === '/' ? <Review /> : <NotFound path={pathname} />
}

function Review() {
  const status = useStatus()
  if (status.error instanceof ProblemError && status.error.signedOut) return <SignIn />
  if (status.data === undefined) {
    if (status.error === null) return <ReviewSkeleton />
    return (
      <PlainPage title="Fairlead could not be read">
        <ProblemNotice problem={asProblem(status.error)} onRetry={() => void status.refetch()} retrying={status.isFetching} />
      </PlainPage>
    )
  }
  if (status.data.events === 0) return <FirstRun status={status.data} />
  return <ReviewPage status={status.data} />
}
