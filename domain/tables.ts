import type { z } from 'zod'
import { attempt } from './attempt.ts'
import { commitFile } from './commit-file.ts'
import { commit } from './commit.ts'
import { coverage } from './coverage.ts'
import { deployment } from './deployment.ts'
import { incidentLink } from './incident-link.ts'
import { incidentState } from './incident-state.ts'
import { repository } from './repository.ts'
import { shipment } from './shipment.ts'

/** Every entity, by the name of its table. What a connector may produce and what Fairlead derives. */
export const TABLES = {
  repositories: repository,
  commits: commit,
  commit_files: commitFile,
  deployments: deployment,
  incident_states: incidentState,
  coverage,
  attempts: attempt,
  shipments: shipment,
  incident_links: incidentLink,
} as const

export type TableName = keyof typeof TABLES
export type RowOf<T extends TableName> = z.infer<(typeof TABLES)[T]['row']>

/** What `rows()` of a connector may return: rows by table, without tenant or provenance, which the applier adds. */
export type DomainTable = 'repositories' | 'commits' | 'commit_files' | 'deployments' | 'incident_states'
export type DomainRows = { [T in DomainTable]?: RowOf<T>[] }
