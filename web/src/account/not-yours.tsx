import type { Session } from '../api/contract.ts'
import { Notice } from '../frame/notice.tsx'

/** In place of what one may not see: who can. */
export function NotYours({ session, what }: { session: Session; what: string }) {
  const { user, role, organization } = session
  const standing =
    user === null
      ? 'This session was opened with a token that may not. Sign in with your account.'
      : role === null
        ? `You do not belong to ${organization.name}. Ask one of them for an invitation.`
        : `You are a ${role} here. Ask one of them.`
  return (
    <Notice tone="warn">
      <p>
        <strong>{what} is for the owners and administrators of the organization.</strong> {standing}
      </p>
    </Notice>
  )
}
