import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { useMayChange } from '../api/session.ts'
import { TEAM_KEYS, type Imported } from '../api/teams.ts'
import { FileImport } from '../frame/file-import.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { TeamPages } from './team-pages.tsx'
import { many } from '../format/figure.ts'

const EXAMPLE = `teams:
  - slug: payments
    name: Payments
    owns:
      - service: pay-*
      - repository: acme/payments
    members:
      - person: ada@example.org
        from: 2026-01-01`

/** Teams from a file: first what it would change, then the change. */
export default function ImportPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  return (
    <Page status={status} title="Import teams" lead={<p>From YAML or JSON, as often as you like: again it changes nothing.</p>}>
      <TeamPages />
      {mayChange === false ? (
        <ReadOnly what="the teams" />
      ) : (
        <FileImport<Imported>
          path="/v1/teams/import"
          keys={[...TEAM_KEYS, 'people']}
          hint="A team of the file becomes what the file says. What was added by hand stays, and so do teams that it does not name."
          example={EXAMPLE}
          accept=".yaml,.yml,.json"
          holds={({ teams, owns }) => `The file holds ${many(teams, 'team', 'teams')} and ${many(owns, 'rule', 'rules')}.`}
          next={<Link href="/teams">Go to the teams</Link>}
        />
      )}
    </Page>
  )
}
