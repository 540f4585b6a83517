import { z } from 'zod'
import type { Delivery } from '../../src/connector.ts'
import { checkName, checkPayload } from './check-run.ts'
import { commentName, commentPayload, pullOf } from './comment.ts'
import { deploymentName, deploymentPayload } from './deployment.ts'
import { issueName, issuePayload } from './issue.ts'
import { jobName, jobPayload } from './job.ts'
import { later, type Named } from './payload.ts'
import { changeName, changePayload } from './pull-request.ts'
import { releaseDeleted } from './release.ts'
import { repositoryName, repositoryPayload } from './repository.ts'
import { reviewName, reviewPayload } from './review.ts'
import { runName, runPayload } from './run.ts'

const hookBody = z.looseObject({ action: z.string().optional() })
const pushed = z.object({
  ref: z.string(),
  deleted: z.boolean().optional(),
  repository: z.object({ default_branch: z.string().nullish() }),
})

export function readHook(headers: Headers, body: unknown): Delivery | null {
  const { action = '' } = hookBody.parse(body)
  const deliver = <P>(stream: string, name: (payload: P) => Named, schema: z.ZodType<P>, pull: readonly string[] = []): Delivery => {
    const [id, at] = name(schema.parse(body))
    return { item: { stream, id, at }, ...(pull.length === 0 ? {} : { pull }) }
  }
  const hint = (...pull: string[]): Delivery => ({ item: null, pull })
  switch (headers.get('x-github-event')) {
    case 'push': {
      const { ref, deleted, repository } = pushed.parse(body)
      if (deleted === true) return null
      if (ref.startsWith('refs/tags/')) return hint('tags')
      return ref === `refs/heads/${repository.default_branch}` ? hint('commits') : null
    }
    // It names neither the commit nor the moment.
    case 'create':
      return (body as { ref_type?: unknown }).ref_type === 'tag' ? hint('tags') : null
    // It does not name the commit of its tag.
    case 'release': {
      if (action !== 'deleted') return hint('releases', 'tags')
      const { release } = releaseDeleted.parse(body)
      return { item: { stream: 'releases', id: String(release.id), at: later(release.updated_at) } }
    }
    // It tells what the change is now, and not how it came there.
    case 'pull_request':
      return deliver('pull_requests', changeName, changePayload, [
        ...(['opened', 'synchronize', 'reopened', 'edited', 'closed'].includes(action)
          ? ['pull_request_commits', 'pull_request_files']
          : []),
        ...(['synchronize', 'reopened', 'closed', 'ready_for_review', 'converted_to_draft', 'review_requested'].includes(action)
          ? ['timeline']
          : []),
      ])
    case 'pull_request_review':
      return deliver('reviews', reviewName, reviewPayload)
    case 'pull_request_review_comment':
      return deliver('review_comments', commentName, commentPayload)
    case 'issue_comment':
      return pullOf(commentPayload.parse(body).comment.html_url) === undefined
        ? null
        : deliver('review_comments', commentName, commentPayload)
    case 'issues':
      return deliver(
        'issues',
        issueName,
        issuePayload,
        ['closed', 'reopened', 'assigned', 'unassigned'].includes(action) ? ['issue_timeline'] : [],
      )
    case 'workflow_run':
      return deliver('runs', runName, runPayload)
    case 'workflow_job':
      return deliver('jobs', jobName, jobPayload)
    case 'check_run':
      return deliver('checks', checkName, checkPayload)
    case 'deployment':
    case 'deployment_status':
      return deliver('deployments', deploymentName, deploymentPayload)
    case 'repository':
      return deliver('repositories', repositoryName, repositoryPayload)
    // ping; delete: what was deployed from a tag stays so; check_suite: its runs say all; merge_group: what the queue merges arrives as pull_request.
    default:
      return null
  }
}
