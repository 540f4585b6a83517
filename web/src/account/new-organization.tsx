import { useEffect, useId, useRef, useState, type FormEvent } from 'react'
import type { Organization } from '../api/contract.ts'
import { asProblem, fieldOf } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame } from '../frame/field.tsx'
import { ZoneInput } from './zone-input.tsx'

interface Given {
  name: string
  slug?: string
  owner_email?: string
  time_zone: string
}

/** Another tenant of the installation. */
export function NewOrganization({ onDone }: { onDone: (made: Organization | null) => void }) {
  const id = useId()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const [name, setName] = useState('')
  const [slug, setSlug] = useState('')
  const [owner, setOwner] = useState('')
  const [zone, setZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
  const make = useChange<Organization, Given>('/v1/organizations', 'organizations', 'session')
  const found = make.error === null ? null : fieldOf(asProblem(make.error), ['name', 'slug', 'email', 'owner_email', 'time_zone'])
  // The server speaks of the account that it looked for.
  const at = found?.name === 'email' ? { ...found, name: 'owner_email' } : found
  const problemOf = (field: string) => (at?.name === field ? at.text : undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const given: Given = {
      name: name.trim(),
      time_zone: zone.trim(),
      ...(slug.trim() === '' ? {} : { slug: slug.trim() }),
      ...(owner.trim() === '' ? {} : { owner_email: owner.trim() }),
    }
    make.mutate(given, { onSuccess: onDone })
  }
  const text = (field: string, value: string, set: (value: string) => void) => ({
    ...described(`${id}-${field}`, problemOf(field)),
    type: 'text',
    autoComplete: 'off',
    spellCheck: false,
    value,
    onChange: (event: { target: { value: string } }) => set(event.target.value),
  })
  return (
    <form className="new-organization to-press" aria-label="A new organization" noValidate onSubmit={submit}>
      <FieldFrame id={`${id}-name`} label="Name" hint="As it stands above its pages." required problem={problemOf('name')}>
        <input {...text('name', name, setName)} ref={first} maxLength={200} />
      </FieldFrame>
      <FieldFrame
        id={`${id}-slug`}
        label="Short name"
        hint="For commands: small letters, digits, hyphens. Made of the name when left empty; it stays."
        required={false}
        problem={problemOf('slug')}
      >
        <input {...text('slug', slug, setSlug)} maxLength={63} />
      </FieldFrame>
      <FieldFrame
        id={`${id}-owner_email`}
        label="Owner"
        hint="The e-mail of an account. You can also invite the owner from there."
        required={false}
        problem={problemOf('owner_email')}
      >
        <input {...text('owner_email', owner, setOwner)} inputMode="email" />
      </FieldFrame>
      <ZoneInput id={`${id}-zone`} value={zone} problem={problemOf('time_zone')} onChange={setZone} />
      {at === null && <Failure error={make.error} />}
      <div className="form-end">
        <button type="button" className="button" onClick={() => onDone(null)}>
          Cancel
        </button>
        <button type="submit" className="button button-main" disabled={make.isPending || name.trim() === ''}>
          {make.isPending ? 'Making…' : 'Make it'}
        </button>
      </div>
    </form>
  )
}
