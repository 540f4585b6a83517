/** What a CI runner tells about the job that it runs. */
export interface RunnerFacts {
  readonly sha?: string | undefined
  readonly repo?: string | undefined
  readonly ref?: string | undefined
  readonly url?: string | undefined
  readonly actor?: string | undefined
  readonly commitAt?: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Documented variables of GitHub Actions, GitLab CI/CD and Jenkins (with its Git plugin); nothing where none of them runs. */
export function runnerFacts(environment: Environment): RunnerFacts {
  const known = (name: string) => (environment[name] === '' ? undefined : environment[name])
  if (known('GITHUB_ACTIONS') === 'true') {
    const run = known('GITHUB_RUN_ID')
    const url = run === undefined ? undefined : `${known('GITHUB_SERVER_URL')}/${known('GITHUB_REPOSITORY')}/actions/runs/${run}`
    return { sha: known('GITHUB_SHA'), repo: known('GITHUB_REPOSITORY'), ref: known('GITHUB_REF_NAME'), url, actor: known('GITHUB_ACTOR') }
  }
  if (known('GITLAB_CI') === 'true') {
    return {
      sha: known('CI_COMMIT_SHA'),
      repo: known('CI_PROJECT_PATH'),
      ref: known('CI_COMMIT_REF_NAME'),
      url: known('CI_JOB_URL') ?? known('CI_PIPELINE_URL'),
      actor: known('GITLAB_USER_LOGIN'),
      commitAt: known('CI_COMMIT_TIMESTAMP'),
    }
  }
  if (known('JENKINS_URL') !== undefined) {
    return {
      sha: known('GIT_COMMIT'),
      repo: repoOf(known('GIT_URL')),
      ref: known('GIT_BRANCH'),
      url: known('BUILD_URL'),
      actor: known('BUILD_USER_ID'),
    }
  }
  return {}
}

/** `https://host/owner/name.git` and `git@host:owner/name.git` → `owner/name`. */
function repoOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /[/:]([^/:]+\/[^/]+?)(?:\.git)?\/?$/.exec(url)?.[1]
}
