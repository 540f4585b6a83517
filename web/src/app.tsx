import { lazy, Suspense } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { Boundary } from './frame/boundary.tsx'
import { PlainPage } from './frame/plain-page.tsx'
import { ReviewPage } from './review/review-page.tsx'
import { FirstRun } from './state/first-run.tsx'
import { NotFound } from './state/not-found.tsx'
import { Outdated } from './state/outdated.tsx'
import { PageSkeleton } from './state/page-skeleton.tsx'
import { ReviewSkeleton } from './state/review-skeleton.tsx'
import { WithSession } from './state/with-session.tsx'
import { WithStatus } from './state/with-status.tsx'

// Most visits are to the review; the other pages come when somebody goes there.
const SourcesPage = lazy(() => import('./sources/sources-page.tsx'))
const SourcePage = lazy(() => import('./sources/source-page.tsx'))
const ConnectPage = lazy(() => import('./sources/connect-page.tsx'))
const SettingsPage = lazy(() => import('./sources/settings-page.tsx'))
const OrganizationSettingsPage = lazy(() => import('./settings/settings-page.tsx'))
const LevelsPage = lazy(() => import('./settings/levels-page.tsx'))
const ProjectsPage = lazy(() => import('./settings/projects-page.tsx'))
const TeamsPage = lazy(() => import('./teams/teams-page.tsx'))
const TeamPage = lazy(() => import('./teams/team-page.tsx'))
const PeoplePage = lazy(() => import('./people/people-page.tsx'))
const MailmapPage = lazy(() => import('./people/mailmap-page.tsx'))
const DriftPage = lazy(() => import('./teams/drift-page.tsx'))
const ImportPage = lazy(() => import('./teams/import-page.tsx'))
const InvitationPage = lazy(async () => ({ default: (await import('./state/link-page.tsx')).InvitationPage }))
const ResetPage = lazy(async () => ({ default: (await import('./state/link-page.tsx')).ResetPage }))
const AccountPage = lazy(() => import('./account/account-page.tsx'))
const MembersPage = lazy(() => import('./account/members-page.tsx'))
const TokensPage = lazy(() => import('./account/tokens-page.tsx'))
const AuditPage = lazy(() => import('./account/audit-page.tsx'))
const OrganizationPage = lazy(() => import('./account/organization-page.tsx'))
const DoctorPage = lazy(() => import('./doctor/doctor-page.tsx'))
const SetupPage = lazy(() => import('./account/setup-page.tsx'))
const GapsPage = lazy(() => import('./gaps/gaps-page.tsx'))

/** Which page there is to show; what it shows depends on who asks and on what has arrived. */
export function App() {
  const [path] = useLocation()
  return (
    // Keyed by the page, so that one that failed does not take the next one away.
    <Boundary
      key={path}
      fallback={
        <PlainPage title="This page failed">
          <Outdated />
        </PlainPage>
      }
    >
      <Suspense fallback={<PageSkeleton title="Fairlead" />}>
        <Switch>
          <Route path="/">
            <WithStatus waiting={<ReviewSkeleton />}>
              {(status) => (status.events === 0 ? <FirstRun status={status} /> : <ReviewPage status={status} />)}
            </WithStatus>
          </Route>
          <Route path="/sources">
            <WithStatus waiting={<PageSkeleton title="Sources" />}>{(status) => <SourcesPage status={status} />}</WithStatus>
          </Route>
          <Route path="/sources/detail">
            <WithStatus waiting={<PageSkeleton title="Source" />}>{(status) => <SourcePage status={status} />}</WithStatus>
          </Route>
          <Route path="/sources/connect">
            <WithStatus waiting={<PageSkeleton title="Connect a tool" />}>{(status) => <ConnectPage status={status} />}</WithStatus>
          </Route>
          <Route path="/sources/settings">
            <WithStatus waiting={<PageSkeleton title="Settings" />}>{(status) => <SettingsPage status={status} />}</WithStatus>
          </Route>
          <Route path="/gaps">
            <WithStatus waiting={<PageSkeleton title="Data gaps" />}>{(status) => <GapsPage status={status} />}</WithStatus>
          </Route>
          <Route path="/account">
            <WithSession title="Account">{(session) => <AccountPage session={session} />}</WithSession>
          </Route>
          <Route path="/members">
            <WithSession title="Members">{(session) => <MembersPage session={session} />}</WithSession>
          </Route>
          <Route path="/tokens">
            <WithSession title="Tokens">{(session) => <TokensPage session={session} />}</WithSession>
          </Route>
          <Route path="/audit">
            <WithSession title="Audit log">{(session) => <AuditPage session={session} />}</WithSession>
          </Route>
          <Route path="/organization">
            <WithSession title="Organization">{(session) => <OrganizationPage session={session} />}</WithSession>
          </Route>
          <Route path="/doctor">
            <WithSession title="Doctor">{(session) => <DoctorPage session={session} />}</WithSession>
          </Route>
          <Route path="/setup">
            <WithSession title="Make your account">{(session) => <SetupPage session={session} />}</WithSession>
          </Route>
          <Route path="/teams">
            <WithStatus waiting={<PageSkeleton title="Teams" />}>{(status) => <TeamsPage status={status} />}</WithStatus>
          </Route>
          <Route path="/teams/detail">
            <WithStatus waiting={<PageSkeleton title="Team" />}>{(status) => <TeamPage status={status} />}</WithStatus>
          </Route>
          <Route path="/teams/import">
            <WithStatus waiting={<PageSkeleton title="Import teams" />}>{(status) => <ImportPage status={status} />}</WithStatus>
          </Route>
          <Route path="/teams/drift">
            <WithStatus waiting={<PageSkeleton title="Drift" />}>{(status) => <DriftPage status={status} />}</WithStatus>
          </Route>
          <Route path="/people">
            <WithStatus waiting={<PageSkeleton title="People" />}>{(status) => <PeoplePage status={status} />}</WithStatus>
          </Route>
          <Route path="/people/mailmap">
            <WithStatus waiting={<PageSkeleton title="Import a .mailmap" />}>{(status) => <MailmapPage status={status} />}</WithStatus>
          </Route>
          <Route path="/settings">
            <WithStatus waiting={<PageSkeleton title="Settings" />}>{(status) => <OrganizationSettingsPage status={status} />}</WithStatus>
          </Route>
          <Route path="/settings/levels">
            <WithStatus waiting={<PageSkeleton title="Levels" />}>{(status) => <LevelsPage status={status} />}</WithStatus>
          </Route>
          <Route path="/settings/projects">
            <WithStatus waiting={<PageSkeleton title="Projects" />}>{(status) => <ProjectsPage status={status} />}</WithStatus>
          </Route>
          <Route path="/invitation/:code">{({ code }) => <InvitationPage code={code} />}</Route>
          <Route path="/reset/:code">{({ code }) => <ResetPage code={code} />}</Route>
          <Route>
            <NotFound path={path} />
          </Route>
        </Switch>
      </Suspense>
    </Boundary>
  )
}
