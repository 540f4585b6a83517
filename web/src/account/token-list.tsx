import { useState } from 'react'
import type { Token } from '../api/contract.ts'
import { useChange } from '../api/use-change.ts'
import { date, moment } from '../format/moment.ts'
import { Ago } from '../frame/ago.tsx'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Tag } from '../frame/field.tsx'
import { Listed, Listing } from '../frame/listing.tsx'
import { useNow } from '../frame/use-now.ts'

const SOON_MS = 14 * 86_400_000

/** Whether it lets nobody in any more. */
export function hasEnded({ revoked_at, expires_at }: Token, now: number): boolean {
  return revoked_at !== null || (expires_at !== null && Date.parse(expires_at) <= now)
}

export function TokenList({ tokens, zone, label }: { tokens: readonly Token[]; zone: string; label: string }) {
  return (
    <Listing label={label}>
      {tokens.map((token) => (
        <TokenEntry key={token.id} token={token} zone={zone} />
      ))}
    </Listing>
  )
}

function TokenEntry({ token, zone }: { token: Token; zone: string }) {
  const now = useNow(30_000)
  const [asking, setAsking] = useState(false)
  const revoke = useChange<Token, { id: string }>('/v1/tokens/revoke', 'tokens')
  const { id, name, prefix, scopes, created_by, created_at, last_used_at, allowed_path } = token
  const maker = allowed_path === null ? (created_by ?? 'this machine') : 'DevLake'
  return (
    <Listed
      name={name}
      tags={scopes.map((scope) => (
        <Tag key={scope} text={scope} />
      ))}
      facts={[
        { key: 'prefix', text: <code>{allowed_path ?? `${prefix}…`}</code> },
        {
          key: 'by',
          text: `by ${maker}`,
          title: `${maker}, ${moment(created_at, zone)}`,
        },
        {
          key: 'used',
          text:
            last_used_at === null ? (
              'never used'
            ) : (
              <>
                last used <Ago at={last_used_at} now={now} zone={zone} never="never" />
              </>
            ),
        },
        { key: 'end', text: <End token={token} now={now} zone={zone} /> },
      ]}
      end={
        hasEnded(token, now) ? undefined : (
          <button type="button" className="button button-bad" aria-label={`Revoke ${name}`} onClick={() => setAsking(true)}>
            Revoke
          </button>
        )
      }
    >
      {asking && (
        <ConfirmDialog
          title={`Revoke ${name}?`}
          act="Revoke it"
          busy={revoke.isPending}
          onAct={() => revoke.mutate({ id }, { onSuccess: () => setAsking(false) })}
          onCancel={() => setAsking(false)}
        >
          <p>Whatever uses it is refused from now on. It cannot be given back; another can be made.</p>
          <Failure error={revoke.error} />
        </ConfirmDialog>
      )}
    </Listed>
  )
}

function End({ token, now, zone }: { token: Token; now: number; zone: string }) {
  const { expires_at, revoked_at } = token
  if (revoked_at !== null) return <span title={moment(revoked_at, zone)}>revoked {date(revoked_at, zone)}</span>
  if (expires_at === null) return <>never ends</>
  const left = Date.parse(expires_at) - now
  if (left <= 0) return <span title={moment(expires_at, zone)}>ended {date(expires_at, zone)}</span>
  return (
    <span className={left < SOON_MS ? 'is-warn' : undefined} title={moment(expires_at, zone)}>
      ends {date(expires_at, zone)}
    </span>
  )
}
