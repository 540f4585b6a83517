/** A line that sends a deployment, to paste. `bearer` is what the shell puts in. */
export function exampleEvent(bearer: string, committed: Date): string {
  const event = { kind: 'deploy', service: 'api', git_sha: '4f2a9c1', commit_at: `${committed.toISOString().slice(0, 19)}Z` }
  return [
    `curl -X POST ${window.location.origin}/v1/events`,
    `-H "authorization: Bearer ${bearer}"`,
    `-H 'content-type: application/json'`,
    `-d '${JSON.stringify(event)}'`,
  ].join(' \\\n  ')
}
