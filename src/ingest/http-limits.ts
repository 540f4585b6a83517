/** What a tool's answer says of its rate limit. Headers of GitHub, GitLab, Jira, PagerDuty and the IETF draft; null where they say nothing. */
export interface Budget {
  readonly limit: number
  readonly remaining: number
  /** When it is full again, milliseconds since 1970. */
  readonly resetAt: number
}

export function budgetOf(headers: Headers, now: number): Budget | null {
  const limit = numberOf(headers, 'x-ratelimit-limit', 'ratelimit-limit')
  const remaining = numberOf(headers, 'x-ratelimit-remaining', 'ratelimit-remaining')
  const resetAt = momentOf(headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset'), now)
  return limit === null || remaining === null || resetAt === null || limit <= 0 ? null : { limit, remaining, resetAt }
}

/** A tenth stays free for people and programs that use the same credential. Below 50 a limit counts seconds and not an hour: it is used up. */
export function isSpent({ limit, remaining }: Budget): boolean {
  return limit < 50 ? remaining <= 0 : remaining <= limit / 10
}

/** How long an answer asks to wait, in milliseconds; null when it does not say. */
export function waitOf(headers: Headers, now: number): number | null {
  const after = headers.get('retry-after')
  if (after !== null) {
    const at = /^\d+(\.\d+)?$/.test(after.trim()) ? now + Number(after) * 1000 : Date.parse(after)
    if (Number.isFinite(at)) return Math.max(0, at - now)
  }
  const budget = budgetOf(headers, now)
  return budget !== null && budget.remaining <= 0 ? Math.max(0, budget.resetAt - now) : null
}

/** A refusal that waiting mends: 429, and GitHub's 403 for its primary and its secondary limit. */
export function isLimited(status: number, headers: Headers, body: unknown): boolean {
  if (status === 429) return true
  if (status !== 403) return false
  if (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0') return true
  const message = typeof body === 'object' && body !== null ? (body as { message?: unknown }).message : null
  return typeof message === 'string' && /rate limit|abuse detection/i.test(message)
}

function numberOf(headers: Headers, ...names: readonly string[]): number | null {
  for (const name of names) {
    const text = headers.get(name)
    if (text !== null && /^\d+$/.test(text.trim())) return Number(text)
  }
  return null
}

/** Seconds since 1970 (GitHub, GitLab), seconds from now (the IETF draft, PagerDuty), or a date (Jira). */
function momentOf(text: string | null, now: number): number | null {
  if (text === null) return null
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text) > 1e9 ? Number(text) * 1000 : now + Number(text) * 1000
  const at = Date.parse(text)
  return Number.isFinite(at) ? at : null
}
