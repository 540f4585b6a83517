import type { ReactNode } from 'react'
import { Icon } from './icon.tsx'

/** A few words that deserve to be noticed: what went well, what needs a hand, what failed. */
export function Notice({ tone, role, children }: { tone: 'good' | 'warn' | 'bad'; role?: 'status' | 'alert'; children: ReactNode }) {
  return (
    <div className={`notice is-${tone}`} role={role}>
      <Icon name={tone === 'good' ? 'check' : 'warning'} />
      <div>{children}</div>
    </div>
  )
}
