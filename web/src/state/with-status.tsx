import type { ReactNode } from 'react'
import type { Status } from '../api/contract.ts'
import { useStatus } from '../api/queries.ts'
import { asProblem, ProblemError } from '../api/request.ts'
import { PlainPage } from '../frame/plain-page.tsx'
import { ProblemNotice } from './problem-notice.tsx'
import { SignIn } from './sign-in.tsx'

/** The first call of every page: it says who asks and for which organization, and without it there is no page. */
export function WithStatus({ waiting, children }: { waiting: ReactNode; children: (status: Status) => ReactNode }) {
  const status = useStatus()
  if (status.error instanceof ProblemError && status.error.signedOut) return <SignIn />
  if (status.data !== undefined) return children(status.data)
  if (status.error === null) return waiting
  const problem = asProblem(status.error)
  return (
    // Who may do nothing here is somebody all the same, who may go elsewhere or sign out.
    <PlainPage title="Fairlead could not be read" signedIn={problem.status === 403 ? true : null}>
      <ProblemNotice problem={problem} onRetry={() => void status.refetch()} retrying={status.isFetching} />
    </PlainPage>
  )
}
