import type { ReactNode } from 'react'
import type { Session } from '../api/contract.ts'
import { useSession } from '../api/queries.ts'
import { asProblem, ProblemError } from '../api/request.ts'
import { PlainPage } from '../frame/plain-page.tsx'
import { PageSkeleton } from './page-skeleton.tsx'
import { ProblemNotice } from './problem-notice.tsx'
import { SignIn } from './sign-in.tsx'

/** The first call of a page about people: whoever may do nothing in an organization still has an account. */
export function WithSession({ title, children }: { title: string; children: (session: Session) => ReactNode }) {
  const session = useSession()
  if (session.error instanceof ProblemError && session.error.signedOut) return <SignIn />
  if (session.data !== undefined) return children(session.data)
  if (session.error === null) return <PageSkeleton title={title} />
  return (
    <PlainPage title="Fairlead could not be read">
      <ProblemNotice problem={asProblem(session.error)} onRetry={() => void session.refetch()} retrying={session.isFetching} />
    </PlainPage>
  )
}
