import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { Link, useLocation } from 'wouter'
import type { Session } from '../api/contract.ts'
import { useSession } from '../api/queries.ts'
import { post } from '../api/request.ts'
import { Failure } from './failure.tsx'
import { Icon } from './icon.tsx'
import { initialsOf, mayAdminister, maySeeTokens, nameOf, roleOf } from './session-words.ts'
import { chooseTheme, useTheme } from './theme.ts'
import { useDisclosure } from './use-disclosure.ts'
import './session-menu.css'

/** Who is signed in, where, and what belongs to them rather than to the figures. */
export function SessionMenu() {
  const session = useSession().data
  const id = useId()
  const { box, button, open, toggle, close } = useDisclosure()
  const initials = session === undefined ? null : initialsOf(session)
  // What stands on a button is part of its name: who speaks to the browser says what they see.
  const label = ['Your session', session === undefined ? null : nameOf(session), initials].filter((part) => part !== null).join(', ')
  return (
    <div className="session" ref={box}>
      <button
        type="button"
        ref={button}
        className="session-button"
        aria-label={label}
        title={session === undefined ? undefined : nameOf(session)}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={toggle}
      >
        {initials === null ? <Icon name={session === undefined ? 'unknown' : 'person'} /> : <span aria-hidden="true">{initials}</span>}
      </button>
      {open && (
        <div className="session-panel" id={id}>
          {session !== undefined && <Who session={session} />}
          {session !== undefined && session.organizations.length > 1 && <Organizations session={session} />}
          {session !== undefined && <Links session={session} onGo={close} />}
          <Ends />
        </div>
      )}
    </div>
  )
}

function Who({ session }: { session: Session }) {
  const name = nameOf(session)
  const email = session.user?.email ?? name
  return (
    <div className="session-part session-who">
      <p className="session-name" title={name}>
        {name}
      </p>
      {email !== name && <p title={email}>{email}</p>}
      <p>{roleOf(session)}</p>
    </div>
  )
}

function Organizations({ session }: { session: Session }) {
  const queries = useQueryClient()
  const [, go] = useLocation()
  const id = useId()
  const change = useMutation({
    mutationFn: (slug: string) => post('/v1/session/organization', { slug }),
    onSuccess: async () => {
      // The address may name something of the organization that was left.
      go('/')
      await queries.resetQueries()
    },
  })
  return (
    <div className="session-part">
      <p className="session-label" id={id}>
        Organization
      </p>
      <ul className="session-organizations" aria-labelledby={id}>
        {session.organizations.map(({ slug, name }) => {
          const here = slug === session.organization.slug
          return (
            <li key={slug}>
              <button
                type="button"
                className="session-row"
                aria-current={here ? 'true' : undefined}
                disabled={change.isPending}
                title={name}
                onClick={() => {
                  if (!here) change.mutate(slug)
                }}
              >
                <span>{name}</span>
                {here && <Icon name="check" />}
              </button>
            </li>
          )
        })}
      </ul>
      <Failure error={change.error} />
    </div>
  )
}

const LINKS: readonly { path: string; text: string; isFor: (session: Session) => boolean }[] = [
  { path: '/account', text: 'Account', isFor: ({ user }) => user !== null },
  { path: '/tokens', text: 'Tokens', isFor: maySeeTokens },
  { path: '/members', text: 'Members', isFor: mayAdminister },
  { path: '/audit', text: 'Audit log', isFor: mayAdminister },
  { path: '/organization', text: 'Organization', isFor: mayAdminister },
  { path: '/settings', text: 'Settings', isFor: ({ rights }) => rights.includes('read') },
  { path: '/doctor', text: 'Doctor', isFor: ({ rights }) => rights.includes('superuser') },
]

/** What one may not do has no link; whoever comes by the address is told who can. */
function Links({ session, onGo }: { session: Session; onGo: () => void }) {
  const [location] = useLocation()
  const links = LINKS.filter(({ isFor }) => isFor(session))
  if (links.length === 0) return null
  return (
    <nav className="session-part" aria-label="Account and organization">
      <ul>
        {links.map(({ path, text }) => (
          <li key={path}>
            <Link href={path} className="session-row" aria-current={location === path ? 'page' : undefined} onClick={onGo}>
              {text}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Ends() {
  const queries = useQueryClient()
  const theme = useTheme()
  const next = theme === 'dark' ? 'light' : 'dark'
  const signOut = useMutation({
    mutationFn: () => post('/v1/session/end'),
    onSuccess: () => queries.resetQueries(),
  })
  return (
    <div className="session-part">
      <button type="button" className="session-row" onClick={() => chooseTheme(next)}>
        <span>Use the {next} theme</span>
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </button>
      <button type="button" className="session-row" disabled={signOut.isPending} onClick={() => signOut.mutate()}>
        <span>Sign out</span>
        <Icon name="leave" />
      </button>
      <Failure error={signOut.error} />
    </div>
  )
}
