import { useEffect, type ReactNode } from 'react'
import { Masthead } from './masthead.tsx'
import { useArrival } from './use-arrival.ts'
import './plain-page.css'

/** A page with one thing to say: sign in, begin, failed, not found. */
export function PlainPage({
  title,
  organization = null,
  signedIn = false,
  children,
}: {
  title: string
  organization?: string | null
  signedIn?: boolean | null
  children: ReactNode
}) {
  const heading = useArrival()
  useEffect(() => {
    document.title = title.includes('Fairlead') ? title : `${title} · Fairlead`
  }, [title])
  return (
    <>
      <Masthead organization={organization} signedIn={signedIn} />
      <main className="plain">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children}
      </main>
    </>
  )
}
