import { useQueryClient } from '@tanstack/react-query'
import { useId, useRef, useState, type FormEvent } from 'react'
import type { Organization, Session } from '../api/contract.ts'
import { useOrganization, useOrganizations } from '../api/queries.ts'
import { asProblem, fieldOf } from '../api/request.ts'
import { useChange } from '../api/use-change.ts'
import { date } from '../format/moment.ts'
import { Fact } from '../frame/fact.tsx'
import { Failure } from '../frame/failure.tsx'
import { described, FieldFrame, Tag } from '../frame/field.tsx'
import { Icon } from '../frame/icon.tsx'
import { Listed, Listing } from '../frame/listing.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { mayAdminister } from '../frame/session-words.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { NewOrganization } from './new-organization.tsx'
import { NotYours } from './not-yours.tsx'
import { ZoneInput } from './zone-input.tsx'
import './account.css'

/** The organization itself; and, for who runs the installation, the others. */
export default function OrganizationPage({ session }: { session: Session }) {
  const mayRead = session.rights.includes('read')
  const organization = useOrganization(mayRead)
  const found = organization.data
  return (
    <Page status={session} title="Organization">
      {!mayRead && <NotYours session={session} what="The organization" />}
      {organization.error !== null && (
        <ProblemNotice
          problem={asProblem(organization.error)}
          onRetry={() => void organization.refetch()}
          retrying={organization.isFetching}
        />
      )}
      {mayRead && found === undefined && organization.error === null && <CardBones what="the organization" cards={2} />}
      <div className="cards">
        {found !== undefined &&
          (mayAdminister(session) ? (
            // What came anew begins a form anew.
            <OrganizationForm key={`${found.name} ${found.time_zone}`} organization={found} />
          ) : (
            <>
              <NotYours session={session} what="Changing this" />
              <section className="card" aria-label={found.name}>
                <dl className="facts-list">
                  <Fact term="Name">{found.name}</Fact>
                  <Fact term="Time zone">{found.time_zone}</Fact>
                </dl>
              </section>
            </>
          ))}
        {/* Not before what stands above it: it would be pushed down. */}
        {session.rights.includes('superuser') && !organization.isPending && <All session={session} />}
      </div>
    </Page>
  )
}

function OrganizationForm({ organization }: { organization: Organization }) {
  const queries = useQueryClient()
  const id = useId()
  const [name, setName] = useState(organization.name)
  const [zone, setZone] = useState(organization.time_zone)
  const change = useChange<Organization, { name: string; time_zone: string }>('/v1/organization')
  const at = change.error === null ? null : fieldOf(asProblem(change.error), ['name', 'time_zone'])
  const problemOf = (field: string) => (at?.name === field ? at.text : undefined)
  const isSame = name.trim() === organization.name && zone.trim() === organization.time_zone
  const submit = (event: FormEvent) => {
    event.preventDefault()
    // Days and weeks are cut anew: every figure may be another.
    change.mutate({ name: name.trim(), time_zone: zone.trim() }, { onSuccess: () => queries.invalidateQueries() })
  }
  return (
    <form className="card" aria-label="The organization" noValidate onSubmit={submit}>
      <div>
        <FieldFrame
          id={`${id}-name`}
          label="Name"
          hint={`As it stands above every page. In commands it is \`${organization.slug}\`, which stays.`}
          required
          problem={problemOf('name')}
        >
          <input
            {...described(`${id}-name`, problemOf('name'))}
            type="text"
            autoComplete="organization"
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </FieldFrame>
        <ZoneInput id={`${id}-zone`} value={zone} problem={problemOf('time_zone')} onChange={setZone} />
      </div>
      {at === null && <Failure error={change.error} />}
      <div className="form-end">
        <button type="submit" className="button button-main" disabled={change.isPending || isSame || name.trim() === ''}>
          {change.isPending ? 'Saving…' : 'Save'}
        </button>
      </div>
    </form>
  )
}

function All({ session }: { session: Session }) {
  const organizations = useOrganizations(true)
  const [making, setMaking] = useState(false)
  const [made, setMade] = useState<Organization | null>(null)
  const make = useRef<HTMLButtonElement>(null)
  const done = (organization: Organization | null) => {
    setMaking(false)
    setMade(organization)
    // The form is gone, and the focus with it.
    queueMicrotask(() => make.current?.focus())
  }
  return (
    <section className="card" aria-labelledby="all-organizations">
      <div className="card-head">
        <h2 id="all-organizations">All organizations of this installation</h2>
        <button
          type="button"
          ref={make}
          className="button to-press"
          disabled={making}
          onClick={() => {
            setMade(null)
            setMaking(true)
          }}
        >
          <Icon name="plus" /> Make another
        </button>
      </div>
      {making && <NewOrganization onDone={done} />}
      {made !== null && (
        <Notice tone="good" role="status">
          {made.name} is made. The menu above leads there.
        </Notice>
      )}
      {organizations.error !== null && (
        <ProblemNotice
          problem={asProblem(organizations.error)}
          onRetry={() => void organizations.refetch()}
          retrying={organizations.isFetching}
        />
      )}
      {organizations.data === undefined ? (
        organizations.error === null && <CardBones what="the organizations" cards={1} />
      ) : (
        <Listing label="Organizations">
          {organizations.data.items.map(({ id, slug, name, time_zone, created_at }) => (
            <Listed
              key={id}
              name={name}
              tags={slug === session.organization.slug && <Tag text="this one" />}
              facts={[
                { key: 'slug', text: <code>{slug}</code> },
                { key: 'zone', text: time_zone },
                { key: 'since', text: `since ${date(created_at, session.organization.time_zone)}` },
              ]}
            />
          ))}
        </Listing>
      )}
    </section>
  )
}
