import { useEffect, type ReactNode } from 'react'
import type { Status } from '../api/contract.ts'
import { organizationName } from '../review/organization-name.ts'
import { Masthead } from './masthead.tsx'
import { useArrival } from './use-arrival.ts'
import './page.css'

/** A page beside the review: a way back where it is below another, its title, what it says of itself, and what can be done on it. */
export function Page({
  status,
  title,
  above,
  lead,
  end,
  children,
}: {
  status: Pick<Status, 'organization'>
  title: string
  above?: ReactNode
  lead?: ReactNode
  end?: ReactNode
  children: ReactNode
}) {
  const organization = organizationName(status)
  const heading = useArrival()
  useEffect(() => {
    document.title = [title, organization, 'Fairlead'].filter((part) => part !== null).join(' · ')
  }, [title, organization])
  return (
    <>
      <Masthead organization={organization} signedIn />
      <main className="page">
        <div className="page-head">
          <div className="page-title">
            {above !== undefined && <p className="page-above">{above}</p>}
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {lead !== undefined && <div className="scope">{lead}</div>}
          </div>
          {end !== undefined && <div className="page-end">{end}</div>}
        </div>
        {children}
      </main>
    </>
  )
}
