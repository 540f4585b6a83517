import type { Invitation } from '../api/contract.ts'
import { useChange } from '../api/use-change.ts'
import { date, moment } from '../format/moment.ts'
import { Failure } from '../frame/failure.tsx'
import { Tag } from '../frame/field.tsx'
import { Listed } from '../frame/listing.tsx'

export function InvitationEntry({ invitation, zone }: { invitation: Invitation; zone: string }) {
  const { id, email, role, invited_by, created_at, expires_at } = invitation
  const revoke = useChange<{ revoked: string }, { id: string }>('/v1/invitations/revoke', 'invitations')
  return (
    <Listed
      name={email}
      tags={<Tag text={role} />}
      facts={[
        { key: 'by', text: `by ${invited_by}`, title: moment(created_at, zone) },
        { key: 'end', text: `the link ends ${date(expires_at, zone)}`, title: moment(expires_at, zone) },
      ]}
      end={
        <button
          type="button"
          className="button"
          aria-label={`Revoke the invitation of ${email}`}
          disabled={revoke.isPending}
          onClick={() => revoke.mutate({ id })}
        >
          {revoke.isPending ? 'Revoking…' : 'Revoke'}
        </button>
      }
    >
      <Failure error={revoke.error} />
    </Listed>
  )
}
