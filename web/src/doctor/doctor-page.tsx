import type { Doctor, DoctorFinding, Session } from '../api/contract.ts'
import { useDoctor } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { many } from '../format/figure.ts'
import { moment } from '../format/moment.ts'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { Findings, Holding } from './findings.tsx'
import { StoreCard } from './store-card.tsx'
import './doctor.css'

/** How the stores and the machine are: what is wrong with them and what to do, then what they hold. The same as `fairlead doctor`. */
export default function DoctorPage({ session }: { session: Session }) {
  const may = session.rights.includes('superuser')
  const doctor = useDoctor(may)
  const report = doctor.data
  return (
    <Page
      status={session}
      title="Doctor"
      lead={
        <p>
          How the stores and the machine are.{' '}
          {report !== undefined && (
            <span className="scope-zone">
              Examined {moment(report.at, session.organization.time_zone)}, version {report.version}
            </span>
          )}
        </p>
      }
      end={
        may ? (
          <button type="button" className="button to-press" disabled={doctor.isFetching} onClick={() => void doctor.refetch()}>
            {doctor.isFetching ? 'Examining…' : 'Examine again'}
          </button>
        ) : undefined
      }
    >
      {!may && (
        <Notice tone="warn">
          <p>
            <strong>How the installation is, is for those who operate it.</strong> It tells of every organization. On its machine,{' '}
            <code>fairlead doctor</code> says the same.
          </p>
        </Notice>
      )}
      {doctor.error !== null && (
        <ProblemNotice problem={asProblem(doctor.error)} onRetry={() => void doctor.refetch()} retrying={doctor.isFetching} />
      )}
      {may && report === undefined && doctor.error === null && <CardBones what="the examination" />}
      {report !== undefined && <Report report={report} />}
    </Page>
  )
}

function Report({ report: { findings, stores } }: { report: Doctor }) {
  const open = findings.filter(({ level }) => level !== 'ok')
  const holding = findings.filter(({ level }) => level === 'ok')
  const ofNoStore = holding.filter((one) => stores.every(({ store }) => store !== one.store))
  return (
    <div className="cards">
      <Summary findings={findings} />
      {open.length > 0 && (
        <section className="card" aria-labelledby="doctor-open">
          <h2 id="doctor-open">To look at</h2>
          <Findings findings={open} label="To look at" />
        </section>
      )}
      {stores.map((store) => (
        <StoreCard key={store.store} store={store} holding={holding.filter((one) => one.store === store.store)} />
      ))}
      {ofNoStore.length > 0 && (
        <section className="card" aria-labelledby="doctor-rest">
          <h2 id="doctor-rest">The program and its machine</h2>
          <Holding findings={ofNoStore} open />
        </section>
      )}
    </div>
  )
}

function Summary({ findings }: { findings: readonly DoctorFinding[] }) {
  const of = (level: DoctorFinding['level']) => findings.filter((one) => one.level === level).length
  const [failures, warnings, notes] = [of('failure'), of('warning'), of('note')]
  const holds = `${many(of('ok'), 'check holds', 'checks hold')}.`
  if (failures === 0 && warnings === 0)
    return (
      <Notice tone="good" role="status">
        <p>
          <strong>Nothing is wrong.</strong> {holds}
          {notes > 0 && ` ${many(notes, 'thing is', 'things are')} good to know.`}
        </p>
      </Notice>
    )
  const wrong = [failures > 0 ? many(failures, 'failure', 'failures') : null, warnings > 0 ? many(warnings, 'warning', 'warnings') : null]
  return (
    <Notice tone={failures > 0 ? 'bad' : 'warn'} role="status">
      <p>
        <strong>{wrong.filter((part) => part !== null).join(', ')}.</strong> {holds}
      </p>
    </Notice>
  )
}
