import { useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Session } from '../api/contract.ts'
import { organizationName } from '../review/organization-name.ts'
import { Icon } from './icon.tsx'
import logo from './favicon.svg'
import { SessionMenu } from './session-menu.tsx'
import { SetupNotice } from './setup-notice.tsx'
import { chooseTheme, useTheme } from './theme.ts'
import './masthead.css'

/** `signedIn` is null while nobody knows: what was last known of the session then stands, so that nothing jumps between two pages. */
export function Masthead({
  organization,
  signedIn,
  children,
}: {
  organization: string | null
  signedIn: boolean | null
  children?: ReactNode
}) {
  const queries = useQueryClient()
  const known = queries.getQueryData<Session>(['session'])
  const isIn = signedIn ?? known !== undefined
  const name = organization ?? (signedIn === null && known !== undefined ? organizationName(known) : null)
  return (
    <>
      <header className="masthead">
        <div className="masthead-inner">
          <a className="brand" href="/">
            <img src={logo} alt="" width="28" height="28" />
            <span className="brand-name">Fairlead</span>
          </a>
          {name !== null && (
            <span className="organization" title={name}>
              {name}
            </span>
          )}
          {isIn && <Navigation />}
          <div className="masthead-end">
            {children}
            {isIn ? <SessionMenu /> : signedIn !== null && <ThemeToggle />}
          </div>
        </div>
      </header>
      {isIn && <SetupNotice />}
    </>
  )
}

const PAGES: readonly { path: string; text: string; also?: string }[] = [
  { path: '/', text: 'Review' },
  { path: '/teams', text: 'Teams', also: '/people' },
  { path: '/sources', text: 'Sources' },
  { path: '/gaps', text: 'Gaps' },
]

function Navigation() {
  const [location] = useLocation()
  return (
    <nav className="pages" aria-label="Pages">
      <ul>
        {PAGES.map(({ path, text, also }) => {
          const here = location === path
          const within = (path !== '/' && location.startsWith(`${path}/`)) || (also !== undefined && `${location}/`.startsWith(`${also}/`))
          return (
            <li key={path}>
              <Link href={path} className={here || within ? 'is-here' : ''} aria-current={here ? 'page' : within ? 'true' : undefined}>
                {text}
              </Link>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}

function ThemeToggle() {
  const theme = useTheme()
  const next = theme === 'dark' ? 'light' : 'dark'
  const label = `Use the ${next} theme`
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => chooseTheme(next)}>
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  )
}
