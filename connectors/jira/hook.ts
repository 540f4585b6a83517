import { z } from 'zod'
import { utc, type Delivery } from '../../src/connector.ts'
import { isSecret, isSigned, sentSecret } from '../../src/signature.ts'
import type { Config } from './config.ts'
import { moment, numbered } from './payload.ts'

/** Cloud signs with the webhook's secret and names the method; what cannot sign, such as a rule of Jira's automation, sends the secret. */
export function verify({ webhook_secrets }: Config, headers: Headers, body: Uint8Array): boolean {
  const signature = headers.get('x-hub-signature')
  if (signature === null) return isSecret(webhook_secrets, sentSecret(headers))
  const found = /^sha256=([0-9a-f]{64})$/i.exec(signature.trim())
  return found !== null && isSigned(webhook_secrets, body, found[1])
}

const thing = z.object({ id: numbered })

const issueEvent = z.object({
  issue: z.object({ id: numbered, fields: z.object({ updated: moment }) }),
  changelog: z.unknown().optional(),
  timestamp: z.number().nullish(),
})

const worklogEvent = z.object({ worklog: thing, timestamp: z.number().nullish() })

function instantOf(timestamp: number | null | undefined): string | null {
  return timestamp ? new Date(timestamp).toISOString() : null
}

export function read(_headers: Headers, body: unknown): Delivery | null {
  const { webhookEvent: event } = z.object({ webhookEvent: z.string() }).parse(body)
  if (event.startsWith('jira:issue_')) {
    const { issue, changelog, timestamp } = issueEvent.parse(body)
    const id = String(issue.id)
    const updated = utc(issue.fields.updated)
    if (event !== 'jira:issue_deleted')
      return { item: { stream: 'issues', id, at: updated }, ...(changelog ? { pull: ['changelogs'] } : {}) }
    // A deletion changes nothing of the issue that is sent.
    const sent = instantOf(timestamp)
    return { item: { stream: 'issues', id, at: sent !== null && sent > updated ? sent : updated } }
  }
  if (event === 'worklog_deleted') {
    const { worklog, timestamp } = worklogEvent.parse(body)
    return { item: { stream: 'worklogs', id: String(worklog.id), at: instantOf(timestamp) } }
  }
  if (event.startsWith('sprint_')) {
    const { sprint } = z.object({ sprint: thing }).parse(body)
    return { item: { stream: 'sprints', id: String(sprint.id), at: null } }
  }
  // A worklog names its issue by a number, and a version its project: what people call them is asked for.
  if (event.startsWith('worklog_')) return { item: null, pull: ['worklogs'] }
  if (event.startsWith('jira:version_')) return { item: null, pull: ['versions'] }
  if (event.startsWith('board_')) return { item: null, pull: ['boards', 'sprints'] }
  return null
}
