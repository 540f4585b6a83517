import { Link } from 'wouter'
import type { Session } from '../api/contract.ts'
import { useTokens } from '../api/queries.ts'
import { Fact } from '../frame/fact.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { maySeeTokens, nameOf, roleOf } from '../frame/session-words.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { OwnSessions } from './own-sessions.tsx'
import { PasswordForm } from './password-form.tsx'
import { TokenList } from './token-list.tsx'
import './account.css'

/** What belongs to a person, whatever the organization. */
export default function AccountPage({ session }: { session: Session }) {
  const { user } = session
  return (
    <Page status={session} title="Account">
      {user === null ? <NoAccount session={session} /> : <Own session={session} user={user} />}
    </Page>
  )
}

function NoAccount({ session }: { session: Session }) {
  return (
    <Notice tone="warn">
      <p>
        <strong>This session has no account.</strong>{' '}
        {session.rights.includes('superuser') ? (
          <>
            It was opened with the one-time link. <Link href="/setup">Make your account</Link>, or sign out and sign in with it.
          </>
        ) : (
          'It was opened with a token, which speaks for no one. Sign out, and sign in with your account.'
        )}
      </p>
    </Notice>
  )
}

function Own({ session, user }: { session: Session; user: NonNullable<Session['user']> }) {
  return (
    <div className="cards">
      <section className="card" aria-label="You">
        <dl className="facts-list">
          <Fact term="Name">{nameOf(session)}</Fact>
          <Fact term="E-mail">{user.email}</Fact>
          <Fact term={`In ${session.organization.name}`}>{roleOf(session)}</Fact>
        </dl>
      </section>
      <OwnSessions zone={session.organization.time_zone} severalOrganizations={session.organizations.length > 1} />
      <PasswordForm email={user.email} />
      {maySeeTokens(session) && <OwnTokens email={user.email} zone={session.organization.time_zone} />}
    </div>
  )
}

function OwnTokens({ email, zone }: { email: string; zone: string }) {
  const tokens = useTokens(true)
  const own = tokens.data?.items.filter(({ created_by, revoked_at }) => created_by === email && revoked_at === null)
  if (own === undefined) return tokens.error === null ? <CardBones what="your tokens" cards={1} /> : null
  return (
    <section className="card" aria-labelledby="own-tokens">
      <div className="card-head">
        <h2 id="own-tokens">Your tokens</h2>
        <Link href="/tokens">All tokens, and a new one</Link>
      </div>
      {own.length === 0 ? (
        <p className="quiet">You have made none in this organization.</p>
      ) : (
        <TokenList tokens={own} zone={zone} label="Your tokens" />
      )}
    </section>
  )
}
