import type { z } from 'zod'
import { choice, entity, flag, instant, text } from './entity.ts'
import { TIERS } from './environment.ts'

export const OUTCOMES = ['success', 'failure', 'cancelled', 'skipped', 'running', 'unknown'] as const

/** One attempt to put one revision of one service into one environment, or (kind `rollback`) an explicit rollback event, which is no attempt of its own. */
export const deployment = entity(
  'deployments',
  {
    id: text(),
    kind: choice(['deploy', 'rollback']),
    service: text(),
    environment: choice(TIERS),
    environment_name: text(),
    /** When it finished; when it started, while it runs. The time under which it is counted. */
    at: instant(),
    started_at: instant().nullable(),
    finished_at: instant().nullable(),
    outcome: choice(OUTCOMES),
    repository: text().nullable(),
    /** The deployed commit as sent: a full or a short SHA. */
    revision: text().nullable(),
    /** How the revision was found, where the tool does not name the commit itself: `image_tag`, `image_label`, `source_revision` … */
    revision_rule: text().nullable(),
    /** The commit of the repository that describes the deployment (GitOps), where that is not the one of the code. */
    manifest_revision: text().nullable(),
    /** The deployed image, with its tag or digest. */
    image: text().nullable(),
    ref: text().nullable(),
    version: text().nullable(),
    title: text().nullable(),
    url: text().nullable(),
    actor: text().nullable(),
    /** When the shipped change was committed, as the emitter says. */
    commit_at: instant().nullable(),
    ref_id: text().nullable(),
    /** For a rollback or a fix: the id of the deployment that it undoes or repairs, as sent. */
    caused_by: text().nullable(),
    /** Sent by the emitter: made to fix something. Null when not said. */
    unplanned: flag().nullable(),
    /** The build that made it, and the rule of the source by which that build is a deployment. */
    build_id: text().nullable(),
    rule: text().nullable(),
  },
  ['environment', 'service', 'at', 'source', 'id'],
  { identity: ['source', 'id'] },
)
export type Deployment = z.infer<typeof deployment.row>
/** As much of it as the derivation of attempts, links and shipments looks at. */
export type Deployed = Omit<
  Deployment,
  | 'environment_name'
  | 'started_at'
  | 'finished_at'
  | 'actor'
  | 'ref_id'
  | 'revision_rule'
  | 'manifest_revision'
  | 'image'
  | 'build_id'
  | 'rule'
>

/** By time, then by id, so that two attempts of one millisecond always stand in one order. */
export function byTime(a: Pick<Deployment, 'at' | 'id'>, b: Pick<Deployment, 'at' | 'id'>): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** An attempt that counts in a denominator: it succeeded or it failed. */
export function isFinished(deployment: Pick<Deployment, 'outcome'>): boolean {
  return deployment.outcome === 'success' || deployment.outcome === 'failure'
}
