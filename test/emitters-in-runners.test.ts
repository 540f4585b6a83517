import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  connected,
  deployments,
  DEPLOY,
  events,
  finished,
  folder,
  GITHUB,
  GITLAB,
  HOSTILE,
  JENKINS,
  read,
  SCRIPT,
  server,
  SHA,
  start,
  type Env,
  type Event,
} from './emitting.ts'
import { freshDirectory, removeDirectory, type Finished } from './server.ts'

/** The recipes of deploy/, each run as its runner would run it. */
describe('GitHub action', () => {
  const action = read('github-action', 'action.yml')
  /** `key: value` pairs that stand deeper than the heading, in this file's own plain style. */
  function section(heading: string): [string, string][] {
    const lines = action.split('\n')
    const from = lines.findIndex((line) => line.trim() === `${heading}:`)
    const indent = (line: string) => line.search(/\S/)
    const depth = indent(lines[from] ?? '')
    const rest = lines.slice(from + 1).filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    const end = rest.findIndex((line) => indent(line) <= depth)
    return (end < 0 ? rest : rest.slice(0, end)).map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1).trim()]
    })
  }
  const inputs: Record<string, string> = {}
  let name = ''
  for (const [key, value] of section('inputs')) {
    if (/^ {2}\S/.test(key)) inputs[(name = key.trim())] = ''
    else if (key.trim() === 'default') inputs[name] = value
  }
  const env = section('env').map(([key, value]) => [key.trim(), value] as const)
  const command = /^ {6}run: (.+)$/m.exec(action)?.[1] ?? ''

  async function step(given: Record<string, string>, runner: Env = GITHUB, jobIndex = '0') {
    for (const key of Object.keys(given)) if (!(key in inputs)) throw new Error(`action.yml has no input ${key}`)
    const values: Record<string, string> = { ...inputs, ...given }
    const variables = env.map(([key, value]) => {
      const expression = /^\$\{\{ (.+) \}\}$/.exec(value)?.[1] ?? ''
      const input = /^inputs\.(.+)$/.exec(expression)?.[1]
      if (input === undefined && expression !== 'strategy.job-index') throw new Error(`${key} is made from ${value}`)
      if (input !== undefined && !(input in values)) throw new Error(`${key} reads the input ${input}, which is not there`)
      return [key, input === undefined ? jobIndex : (values[input] ?? '')]
    })
    const output = join(folder, 'github-output')
    writeFileSync(output, '')
    const file = join(folder, 'step.sh')
    writeFileSync(file, command)
    const ran = await finished(
      start('sh', ['-e', file], {
        ...runner,
        ...(Object.fromEntries(variables) as Env),
        GITHUB_ACTION_PATH: join(DEPLOY, 'github-action'),
        GITHUB_OUTPUT: output,
      }),
    )
    return {
      ...ran,
      outputs: Object.fromEntries(
        readFileSync(output, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split('=')),
      ) as Env,
    }
  }
  const at = () => ({ url: server.url, token: server.ingestToken })

  test('every input reaches the script', () => {
    expect(env.flatMap(([, value]) => /inputs\.([\w-]+)/.exec(value)?.[1] ?? []).sort()).toEqual(Object.keys(inputs).sort())
    expect(command).not.toContain('${{')
  })

  test('the beginning and the end of a job are one deployment, with the status of the job', async () => {
    for (const [status, outcome] of Object.entries({ success: 'success', failure: 'failure', cancelled: 'cancelled' })) {
      const service = `github-${status}`
      const began = await step({ ...at(), service, environment: 'production', status: 'running' })
      expect([began.code, began.outputs['deployment-id']]).toEqual([0, `github:acme/shop:17:2:deploy:0:${service}:production`])
      const ended = { ...at(), service, environment: 'production', status, 'started-at': began.outputs['started-at'] ?? '', title: HOSTILE }
      expect([(await step(ended)).code, (await step(ended)).code]).toEqual([0, 0])
      await expect.poll(async () => (await deployments(service)).map((one) => one['outcome'])).toEqual([outcome])
      const [only] = await deployments(service)
      expect(only).toMatchObject({
        revision: SHA,
        repository: 'acme/shop',
        title: HOSTILE,
        url: 'https://github.example.org/acme/shop/actions/runs/17',
      })
      expect(Date.parse(String(only?.['started_at']))).toBe(Date.parse(began.outputs['started-at'] ?? ''))
      expect((await events(service, 2)).map((one) => one['outcome'])).toEqual(['running', outcome])
    }
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
  })

  test('another attempt of the run, and another leg of a matrix, are other deployments', async () => {
    const service = 'github-again'
    await step({ ...at(), service })
    await step({ ...at(), service }, { ...GITHUB, GITHUB_RUN_ATTEMPT: '3' })
    await step({ ...at(), service }, GITHUB, '1')
    expect(await deployments(service, 3)).toHaveLength(3)
  })

  test('without secrets, as in a fork, nothing is sent and nothing fails; strict fails', async () => {
    expect(await step({ service: 'x' })).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing is sent') as string })
    expect((await step({ service: 'x', strict: 'true' })).code).toBe(2)
  })
})

/** The repository of a pipeline: the script where the guides put it, and a command that deploys. */
async function repository(): Promise<string> {
  const path = await freshDirectory()
  mkdirSync(join(path, 'ci'))
  copyFileSync(SCRIPT, join(path, 'ci', 'fairlead-emit.sh'))
  writeFileSync(join(path, 'deploy.sh'), '#!/bin/sh\nexit "${DEPLOY_ENDS_WITH:-0}"\n')
  chmodSync(join(path, 'deploy.sh'), 0o755)
  return path
}

describe('GitLab template', () => {
  const template = read('gitlab-ci', 'fairlead.gitlab-ci.yml')
  interface Job {
    extends: string | null
    variables: Env
    before_script: string[]
    after_script: string[]
  }
  /** One hidden job of the template, as it stands. */
  function job(name: string): Job {
    const text = new RegExp(`^${name.replaceAll('.', '\\.')}:\\n((?: .*\\n?)*)`, 'm').exec(template)?.[1] ?? ''
    const list = (key: string) =>
      [...(new RegExp(`^ {2}${key}:\\n((?: {4}- .*\\n?)*)`, 'm').exec(text)?.[1] ?? '').matchAll(/^ {4}- (.*)$/gm)].map(
        (one) => one[1] ?? '',
      )
    const variables = [...(/^ {2}variables:\n((?: {4}\w.*\n?)*)/m.exec(text)?.[1] ?? '').matchAll(/^ {4}(\w+): (.*)$/gm)]
    return {
      extends: /^ {2}extends: (.*)$/m.exec(text)?.[1] ?? null,
      variables: Object.fromEntries(variables.map((one) => [one[1], one[2]])) as Env,
      before_script: list('before_script'),
      after_script: list('after_script'),
    }
  }
  /** As the runner does: before_script and script in one shell that stops at the first error, after_script in another with what became of it. */
  async function run(name: string, script: string, env: Env): Promise<{ status: string; code: number | null; log: string }> {
    const own = job(name)
    const parent = own.extends === null ? own : job(own.extends)
    const variables = { ...GITLAB, ...connected(), ...parent.variables, ...own.variables, ...env }
    const cwd = await repository()
    const before = own.before_script.length > 0 ? own.before_script : parent.before_script
    const main = await finished(start('bash', ['-eo', 'pipefail', '-c', [...before, script].join('\n')], variables, cwd))
    const status = main.code === 0 ? 'success' : 'failed'
    const after = own.after_script.length > 0 ? own.after_script : parent.after_script
    expect(after.length).toBeGreaterThan(0)
    const end = await finished(
      start('bash', ['-eo', 'pipefail', '-c', after.join('\n')], { ...variables, CI_JOB_STATUS: env['CI_JOB_STATUS'] ?? status }, cwd),
    )
    await removeDirectory(cwd)
    return { status, code: end.code, log: main.stderr + end.stderr }
  }

  test('the job that deploys records what became of it', async () => {
    for (const [exit, status, outcome] of [
      ['0', undefined, 'success'],
      ['1', undefined, 'failure'],
      ['1', 'canceled', 'cancelled'],
    ] as const) {
      const service = `gitlab-${outcome}`
      const env = {
        FAIRLEAD_EVENT_SERVICE: service,
        DEPLOY_ENDS_WITH: exit,
        CI_JOB_ID: `9${service}`,
        ...(status === undefined ? {} : { CI_JOB_STATUS: status }),
      }
      expect((await run('.fairlead', './deploy.sh', env)).code).toBe(0)
      expect(await deployments(service)).toMatchObject([
        {
          id: `gitlab:gitlab.example.org:9${service}:${service}:production`,
          outcome,
          revision: SHA,
          environment: 'production',
          started_at: expect.stringContaining('2026-02-01T09:00:00') as string,
          commit_at: expect.stringContaining('2026-02-01T07:30:00') as string,
        },
      ])
      expect(await events(service)).toMatchObject([{ attributes: { environment_name: 'eu/live-2' } }])
    }
  })

  test('announced, it is one deployment that ran and ended', async () => {
    const service = 'gitlab-announced'
    await run('.fairlead-announced', './deploy.sh', { FAIRLEAD_EVENT_SERVICE: service, CI_ENVIRONMENT_NAME: 'Staging' })
    expect((await events(service, 2)).map((one) => one['outcome'])).toEqual(['running', 'success'])
    await expect
      .poll(async () => (await deployments(service)).map((one) => [one['outcome'], one['environment'], one['environment_name']]))
      .toEqual([['success', 'staging', 'Staging']])
  })

  test('a job that undoes records a rollback, which claims no commit', async () => {
    const service = 'gitlab-undo'
    await run('.fairlead-rollback', './deploy.sh', { FAIRLEAD_EVENT_SERVICE: service, FAIRLEAD_EVENT_REF: 'd1' })
    expect(await deployments(service)).toMatchObject([{ kind: 'rollback', outcome: 'success', revision: null, caused_by: 'd1' }])
  })

  test('an outage, missing variables and a missing script leave the job alone', async () => {
    expect(await run('.fairlead-announced', './deploy.sh', { FAIRLEAD_URL: '', FAIRLEAD_EVENT_SERVICE: 'x' })).toMatchObject({
      status: 'success',
      code: 0,
    })
    expect((await run('.fairlead-announced', './deploy.sh', { FAIRLEAD_EMIT: 'nowhere.sh' })).status).toBe('success')
  })
})

/**
 * Groovy itself does not run here: the lists of variables and the commands are read from the steps, and run as Jenkins would run them
 * (`sh -xe` on the agent).
 */
describe('Jenkins', () => {
  const step = read('jenkins', 'vars', 'fairlead.groovy')
  const said = [...step.matchAll(/^ {4}"(\w+)=\$\{said\.(\w+)[^}]*\}",$/gm)].map((one) => [one[1] ?? '', one[2] ?? ''] as const)
  const command = /sh\(label: 'Fairlead', script: '(.*)'\)/.exec(step)?.[1] ?? ''
  const clock = /sh\(script: '(date .*?)', returnStdout: true\)/.exec(step)?.[1] ?? ''

  async function emitStep(args: Record<string, string>): Promise<Finished> {
    for (const key of Object.keys(args)) if (!said.some(([, name]) => name === key)) throw new Error(`fairlead.emit knows no ${key}`)
    const cwd = await freshDirectory()
    mkdirSync(join(cwd, '.fairlead'))
    copyFileSync(join(DEPLOY, 'jenkins', 'resources', 'fairlead', 'fairlead-emit.sh'), join(cwd, '.fairlead', 'fairlead-emit.sh'))
    const variables = Object.fromEntries(said.map(([variable, name]) => [variable, args[name] ?? '']))
    const ran = await finished(start('sh', ['-xe', '-c', command], { ...JENKINS, ...connected(), ...variables }, cwd))
    await removeDirectory(cwd)
    return ran
  }

  test('the library carries the script, and says nothing inside a command', () => {
    expect(
      read('jenkins', 'resources', 'fairlead', 'fairlead-emit.sh'),
      'cp deploy/shell/fairlead-emit.sh deploy/jenkins/resources/fairlead/',
    ).toBe(readFileSync(SCRIPT, 'utf8'))
    expect(step).toContain("libraryResource('fairlead/fairlead-emit.sh')")
    for (const [, script] of step.matchAll(/sh\((.*)\)/g)) expect(script).not.toMatch(/"[^"']*\$\{/)
    const options = /^OPTIONS='(.*)'$/m.exec(readFileSync(SCRIPT, 'utf8'))?.[1]?.split(' ') ?? []
    for (const [variable] of said.slice(1))
      expect(options).toContain(variable.replace('FAIRLEAD_EVENT_', '').toLowerCase().replaceAll('_', '-'))
  })

  test('what a build says of itself is recorded', async () => {
    const startedAt = (await finished(start('sh', ['-xe', '-c', clock]))).stdout.trim()
    for (const [status, outcome] of [
      ['SUCCESS', 'success'],
      ['FAILURE', 'failure'],
      ['UNSTABLE', 'failure'],
      ['ABORTED', 'cancelled'],
      ['NOT_BUILT', 'skipped'],
      ['cancelled', 'cancelled'],
    ] as const) {
      const service = `jenkins-${status}`
      const { code, stdout, stderr } = await emitStep({
        kind: 'deploy',
        status,
        service,
        environment: 'production',
        startedAt,
        title: HOSTILE,
      })
      expect([code, stderr.includes(server.ingestToken), stdout.includes(server.ingestToken)]).toEqual([0, false, false])
      const [only] = await deployments(service)
      expect(only).toMatchObject({
        outcome,
        revision: SHA,
        repository: 'acme/shop',
        ref: 'origin/main',
        title: HOSTILE,
        url: JENKINS.BUILD_URL,
      })
      expect(Date.parse(String(only?.['started_at']))).toBe(Date.parse(startedAt))
    }
  })

  test('the Jenkinsfile without a library', async () => {
    const jenkinsfile = read('jenkins', 'Jenkinsfile')
    const line = /^ {8}sh '(.*)'$/m.exec(jenkinsfile)?.[1] ?? ''
    const cwd = await repository()
    const build = (number: number, ends: string) =>
      finished(
        start(
          'sh',
          ['-xe', '-c', line.replace('--service shop', '--service jenkinsfile')],
          {
            ...JENKINS,
            ...connected(),
            BUILD_URL: `https://jenkins.example.org/job/shop/${number}/`,
            DEPLOY_ENDS_WITH: ends,
          },
          cwd,
        ),
      )
    expect([(await build(6, '0')).code, (await build(7, '3')).code]).toEqual([0, 3])
    expect((await deployments('jenkinsfile', 2)).map((one) => one['outcome']).sort()).toEqual(['failure', 'success'])
    await removeDirectory(cwd)
  })
})

describe('Argo CD', () => {
  const manifest = read('argocd', 'fairlead-notifications.yaml')
  const block = (key: string) => {
    const text = new RegExp(`^  ${key.replaceAll('.', '\\.')}: \\|\\n((?: {4}.*\\n?|\\n)*)`, 'm').exec(manifest)?.[1] ?? ''
    return text.replaceAll(/^ {4}/gm, '')
  }
  const body = (/^ {4}body: \|\n((?: {6}.*\n?)*)/m.exec(block('template.fairlead'))?.[1] ?? '').replaceAll(/^ {6}/gm, '')

  test('a notification is JSON with its fields, whatever the messages hold', () => {
    const application = (more: object, spec: object = { source: { repoURL: 'https://git.example.org/acme/deploy', path: 'shop' } }) => ({
      context: { argocdUrl: 'https://argocd.example.org' },
      app: {
        metadata: {
          name: 'shop',
          namespace: 'argocd',
          labels: { team: HOSTILE },
          annotations: { note: HOSTILE, 'notified.notifications.argoproj.io': '{}' },
        },
        spec: { project: 'default', destination: { namespace: 'shop-prod' }, ...spec },
        status: { health: { status: 'Degraded' }, sync: { status: 'OutOfSync', revision: 'bbb' }, ...more },
      },
    })
    const operationState = {
      phase: 'Failed',
      message: HOSTILE,
      startedAt: '2026-02-01T09:00:00Z',
      finishedAt: '2026-02-01T09:01:00Z',
      syncResult: { revision: SHA },
    }
    const failed = JSON.parse(render(body, application({ operationState, summary: { images: ['registry.example.org/shop:1'] } }))) as Event
    expect(failed).toEqual({
      application: 'shop',
      namespace: 'shop-prod',
      project: 'default',
      phase: 'Failed',
      revision: SHA,
      revisions: null,
      started_at: '2026-02-01T09:00:00Z',
      finished_at: '2026-02-01T09:01:00Z',
      health: 'Degraded',
      sync: 'OutOfSync',
      repo_url: 'https://git.example.org/acme/deploy',
      path: 'shop',
      images: ['registry.example.org/shop:1'],
      labels: { team: HOSTILE },
      annotations: { note: HOSTILE },
      message: HOSTILE,
      url: 'https://argocd.example.org/applications/argocd/shop',
    })
    const running = { phase: 'Running', startedAt: '2026-02-01T09:00:00Z', operation: { sync: { revisions: ['a', 'b'] } } }
    const sources = { sources: [{ repoURL: 'https://git.example.org/acme/one' }, { repoURL: 'https://git.example.org/acme/two' }] }
    expect(JSON.parse(render(body, application({ operationState: running }, sources)))).toMatchObject({
      phase: 'Running',
      revisions: ['a', 'b'],
      finished_at: null,
      repo_url: 'https://git.example.org/acme/one',
      path: null,
      message: null,
    })
    // Never synced: absent is null, and nothing stops the rendering.
    const bare = JSON.parse(render(body, { context: {}, app: { metadata: { name: 'shop' }, spec: {}, status: {} } })) as Event
    expect(Object.keys(bare).sort()).toEqual(Object.keys(failed).sort())
    expect(bare).toMatchObject({ phase: '', revision: null, repo_url: null, annotations: {}, url: null })
  })

  test('operations are told once each; every trigger is subscribed, and sends the template to the service', () => {
    const triggers = [...manifest.matchAll(/^ {2}trigger\.(\S+): \|$/gm)].map((one) => one[1] ?? '')
    expect([...block('subscriptions').matchAll(/^ {2}- (\S+)$/gm)].map((one) => one[1])).toEqual(triggers)
    for (const trigger of triggers) {
      expect(block(`trigger.${trigger}`)).toContain('send: [fairlead]')
      expect(block(`trigger.${trigger}`).includes('oncePer: app.status.operationState.startedAt')).toBe(trigger.includes('sync'))
    }
    expect(block('service.webhook.fairlead')).toMatch(/url: \$fairlead-url\n[^]*name: X-Fairlead-Token\n\s+value: \$fairlead-token\n/)
    expect(block('template.fairlead')).toMatch(/^webhook:\n {2}fairlead:\n {4}method: POST\n {4}path: \/hooks\/argocd\b/)
  })
})

/**
 * As much of Go's text/template with sprig as the template uses: `{{ if }}`, `{{ else if }}`, `{{ else }}`, `{{ end }}`, calls, paths, and
 * texts. A path through what is absent gives nothing, and toJson of nothing is null, as in Go. (Held against Go and sprig 3.2.3 by hand.)
 */
function render(template: string, dot: object): string {
  const tokens = template.split(/(\{\{.*?\}\})/)
  let at = 0
  const isTrue = (value: unknown) =>
    !(value === undefined || value === null || value === '' || value === false || value === 0) &&
    !(typeof value === 'object' && Object.keys(value).length === 0)
  const path = (value: unknown, steps: readonly string[]): unknown =>
    steps.reduce<unknown>((one, step) => (one === undefined || one === null ? undefined : (one as Record<string, unknown>)[step]), value)
  const FUNCTIONS: Record<string, (...args: never[]) => unknown> = {
    toJson: (value: unknown) => JSON.stringify(value ?? null),
    coalesce: (...values: unknown[]) => values.find(isTrue),
    default: (fallback: unknown, value: unknown) => (isTrue(value) ? value : fallback),
    dict: () => ({}),
    omit: (value: object, ...keys: string[]) => Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))),
    first: (list: unknown[]) => list[0],
    printf: (format: string, ...values: string[]) => values.reduce<string>((text, value) => text.replace('%s', () => value), format),
  }
  function evaluate(source: string): unknown {
    const words = source.match(/"(?:[^"\\]|\\.)*"|\)(?:\.\w+)*|\(|[^\s()]+/g) ?? []
    let next = 0
    const group = (): unknown => {
      const values: unknown[] = []
      let call: string | null = null
      for (; next < words.length; next++) {
        const word = words[next] ?? ''
        if (word.startsWith(')')) break
        if (word === '(') {
          next++
          const inner = group()
          values.push(path(inner, (words[next] ?? ')').slice(1).split('.').filter(Boolean)))
        } else if (word.startsWith('"')) values.push(JSON.parse(word))
        else if (word.startsWith('.')) values.push(path(dot, word.slice(1).split('.')))
        else if (call === null && values.length === 0 && word in FUNCTIONS) {
          if (word === 'dict') values.push({})
          else call = word
        } else if (word === 'dict') values.push({})
        else throw new Error(`the renderer of this test does not know ${word}`)
      }
      return call === null ? values[0] : FUNCTIONS[call]?.(...(values as never[]))
    }
    return group()
  }
  /** Up to the `else` or `end` that ends this part, which is left standing. */
  function part(live: boolean): string {
    let out = ''
    for (; at < tokens.length; at++) {
      const token = tokens[at] ?? ''
      if (!token.startsWith('{{')) {
        if (live) out += token
        continue
      }
      const action = token.slice(2, -2).trim()
      if (action === 'end' || action.startsWith('else')) return out
      if (action.startsWith('if ')) {
        let condition: string | null = action.slice(3)
        let taken = false
        for (;;) {
          at++
          const now: boolean = live && !taken && (condition === null || isTrue(evaluate(condition)))
          out += part(now)
          taken ||= now
          const ending = (tokens[at] ?? '').slice(2, -2).trim()
          if (ending === 'end') break
          condition = ending === 'else' ? null : ending.slice('else if '.length)
        }
      } else if (live) out += String(evaluate(action))
    }
    return out
  }
  return part(true)
}
