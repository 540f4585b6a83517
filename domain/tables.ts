import type { z } from 'zod'
import { attempt } from './attempt.ts'
import { board } from './board.ts'
import { build } from './build.ts'
import { changeCommits } from './change-commits.ts'
import { changeFiles } from './change-files.ts'
import { change } from './change.ts'
import { check } from './check.ts'
import { commitFile } from './commit-file.ts'
import { commit } from './commit.ts'
import { coverage } from './coverage.ts'
import { deployment } from './deployment.ts'
import { incidentLink } from './incident-link.ts'
import { incidentState } from './incident-state.ts'
import { insight } from './insight.ts'
import { job } from './job.ts'
import { mailmapEntry } from './mailmap-entry.ts'
import { providerTeam } from './provider-team.ts'
import { release } from './release.ts'
import { repository } from './repository.ts'
import { review } from './review.ts'
import { shipment } from './shipment.ts'
import { sprint } from './sprint.ts'
import { transition } from './transition.ts'
import { workItem } from './work-item.ts'
import { worklog } from './worklog.ts'

/** What a connector may tell, by the name of its table. */
export const TOLD = {
  repositories: repository,
  commits: commit,
  commit_files: commitFile,
  changes: change,
  change_commits: changeCommits,
  change_files: changeFiles,
  reviews: review,
  transitions: transition,
  builds: build,
  jobs: job,
  checks: check,
  releases: release,
  deployments: deployment,
  incident_states: incidentState,
  work_items: workItem,
  boards: board,
  sprints: sprint,
  worklogs: worklog,
  mailmap_entries: mailmapEntry,
  provider_teams: providerTeam,
  insights: insight,
} as const

/** Every entity: what a connector may tell, and what Fairlead derives. */
export const TABLES = {
  ...TOLD,
  coverage,
  attempts: attempt,
  shipments: shipment,
  incident_links: incidentLink,
} as const

export type TableName = keyof typeof TABLES
export type RowOf<T extends TableName> = z.infer<(typeof TABLES)[T]['row']>

/** What `rows()` of a connector may return: rows by table, without tenant or provenance, which the applier adds. */
export type DomainTable = keyof typeof TOLD
export type DomainRows = { [T in DomainTable]?: RowOf<T>[] }
