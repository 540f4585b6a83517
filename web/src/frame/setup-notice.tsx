import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import { useSession, useSignInOptions } from '../api/queries.ts'
import { Icon } from './icon.tsx'
import './setup-notice.css'

const KEY = 'fairlead.setup'

/** Offered to who came by the one-time link while nobody has an account, until it is put away. */
export function SetupNotice() {
  const session = useSession().data
  const [location] = useLocation()
  const [away, setAway] = useState(wasPutAway)
  const mayMake = session !== undefined && session.user === null && session.rights.includes('superuser')
  const options = useSignInOptions(mayMake && !away)
  if (!mayMake || away || options?.setup !== true || location === '/setup') return null
  const putAway = () => {
    setAway(true)
    try {
      localStorage.setItem(KEY, 'later')
    } catch {
      // Storage may be forbidden; it then comes back with the next page.
    }
  }
  return (
    <aside className="setup-notice" aria-label="First account">
      <p>
        Nobody has an account here yet. <Link href="/setup">Make your account</Link>, and you can invite others and sign in from elsewhere.
      </p>
      <button type="button" className="icon-button" aria-label="Not now" title="Not now" onClick={putAway}>
        <Icon name="close" />
      </button>
    </aside>
  )
}

function wasPutAway(): boolean {
  try {
    return localStorage.getItem(KEY) !== null
  } catch {
    return false
  }
}
