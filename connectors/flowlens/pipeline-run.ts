import { z } from 'zod'
import { check } from '../../domain/check.ts'
import { rowOf } from '../../domain/entity.ts'
import { looseText, textOf } from '../../domain/loose.ts'
import { isBotName } from '../../domain/person.ts'
import { review, type Review } from '../../domain/review.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { named, walk } from './database.ts'
import { date, history, namedBy, outcomeOf, pullFields, type Named, type Step } from './value.ts'

export const pipelineRunPayload = z.object({
  id: z.string(),
  ...pullFields,
  commit_sha: looseText(),
  status_build: looseText(),
  status_approval: looseText(),
  history: history(),
  created_at: date(),
  updated_at: date(),
})
type PipelineRun = z.output<typeof pipelineRunPayload>

export const pullPipelineRuns = (ask: Ask<Config>): AsyncIterable<Page> => walk(ask, { table: 'pipeline_runs', payloads: named })

const VERDICT: Readonly<Record<string, Review['state']>> = { approved: 'approved', changes_requested: 'changes_requested' }

/**
 * One row stands for a whole pull request and says only how far its stages are. So a stage is a check of the commit, under the moment at which
 * FlowLens last said so; where its history tells of reviews, those are told with their own moments, in place of the stage. Opening and merging
 * are told by the change.
 */
export function pipelineRunRows(run: PipelineRun): DomainRows {
  const change = namedBy(run)
  const reviews = reviewsOf(run, change)
  const checks = [
    ...checkOf(run, change, 'build', run.status_build),
    ...(reviews.length === 0 ? checkOf(run, change, 'approval', run.status_approval) : []),
  ]
  return { checks, reviews }
}

function checkOf(run: PipelineRun, { repository }: Named, stage: 'build' | 'approval', status: string | null) {
  const outcome = outcomeOf(status)
  if (outcome === null) return []
  const at = run.history.findLast((step) => step.field === `status_${stage}`)?.at ?? run.updated_at ?? run.created_at
  if (at === null) throw new Error('the pipeline run has no date')
  return [
    rowOf(check, { id: `${run.id}:${stage}`, kind: 'check', name: `FlowLens ${stage}`, at, outcome, repository, revision: run.commit_sha }),
  ]
}

function reviewsOf(run: PipelineRun, { repository, change_id }: Named) {
  const told = new Map<string, Step>()
  for (const step of run.history)
    if (step.field === 'status_approval' && step.value in VERDICT) told.set(textOf(step.meta['review_id']) ?? step.at, step)
  return [...told].map(([id, { value, at, meta }]) => {
    const author = textOf(meta['reviewer']) ?? textOf(meta['author'])
    return rowOf(review, {
      id: `${run.id}:${id}`,
      change_id,
      repository,
      kind: 'review',
      state: VERDICT[value] ?? null,
      author,
      author_is_bot: author !== null && isBotName({ kind: 'login', provider: 'github', value: author }, null),
      at,
      url: textOf(meta['review_url']),
    })
  })
}
