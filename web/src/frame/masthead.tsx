import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { asProblem, post } from '../api/request.ts'
import { Icon } from './icon.tsx'
import logo from './favicon.svg'
import { chooseTheme, useTheme } from './theme.ts'
import './masthead.css'

export function Masthead({ organization, signedIn, children }: { organization: string | null; signedIn: boolean; children?: ReactNode }) {
  return (
    <header className="masthead">
      <div className="masthead-inner">
        <a className="brand" href="/">
          <img src={logo} alt="" width="28" height="28" />
          <span className="brand-name">Fairlead</span>
        </a>
        {organization !== null && <span className="organization">{organization}</span>}
        {signedIn && <Navigation />}
        <div className="masthead-end">
          {children}
          <ThemeToggle />
          {signedIn && <SignOut />}
        </div>
      </div>
    </header>
  )
}

const PAGES = [
  { path: '/', text: 'Review' },
  { path: '/sources', text: 'Sources' },
  { path: '/gaps', text: 'Gaps' },
]

function Navigation() {
  const [location] = useLocation()
  return (
    <nav className="pages" aria-label="Pages">
      <ul>
        {PAGES.map(({ path, text }) => {
          const here = location === path
          const within = path !== '/' && location.startsWith(`${path}/`)
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

function SignOut() {
  const queries = useQueryClient()
  const [failure, setFailure] = useState<string | null>(null)
  const signOut = async () => {
    try {
      await post('/v1/session/end')
      await queries.resetQueries()
    } catch (thrown) {
      setFailure(asProblem(thrown).detail)
    }
  }
  const label = failure === null ? 'Sign out' : `Sign out (failed: ${failure})`
  return (
    <button
      type="button"
      className={`icon-button${failure === null ? '' : ' is-bad'}`}
      aria-label={label}
      title={label}
      onClick={() => void signOut()}
    >
      <Icon name="leave" />
    </button>
  )
}
