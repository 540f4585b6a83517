import type { Identity } from '../api/people.ts'
import './identities.css'

const ORIGINS: Record<Identity['origin'], string> = {
  seen: 'seen in what a tool told',
  mailmap: 'from a .mailmap',
  hand: 'put there by hand',
}

export function identityKey({ kind, provider, value }: Identity): string {
  return JSON.stringify([kind, provider, value])
}

/** `octocat at github`, `ada@example.org` */
export function identityText({ kind, provider, value }: Identity): string {
  return kind === 'login' && provider !== '' ? `${value} at ${provider}` : value
}

/** Under which e-mails, logins and names somebody is known. */
export function Identities({ identities, of }: { identities: readonly Identity[]; of: string }) {
  return (
    <ul className="chips" aria-label={`Identities of ${of}`}>
      {identities.map((identity) => (
        <li key={identityKey(identity)} title={`${identityText(identity)}: ${ORIGINS[identity.origin]}`}>
          <IdentityWords identity={identity} />
        </li>
      ))}
    </ul>
  )
}

export function IdentityWords({ identity: { kind, provider, value } }: { identity: Identity }) {
  return (
    <>
      {value}
      {kind === 'login' && provider !== '' && <span className="identity-tool"> at {provider}</span>}
      {kind === 'name' && <span className="identity-tool"> (a name)</span>}
    </>
  )
}
