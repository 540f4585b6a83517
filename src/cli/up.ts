import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serve, type ServerType } from '@hono/node-server'
import pc from 'picocolors'
import type { Config } from '../config.ts'
import { AppError, systemCode } from '../errors.ts'
import { createLog } from '../log.ts'
import { openFairlead, writeServerFile, type Fairlead } from '../main.ts'
import { looksLikeToken } from '../account/token-text.ts'
import { directoryError } from '../store/disk.ts'
import { runningServer } from './client.ts'
import { note, print, printError } from './output.ts'

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** The server: API, dashboard, ingest. Ends with SIGINT or SIGTERM, after what is under way. */
export async function run(config: Config, options: { port?: string; host?: string }): Promise<void> {
  const started = performance.now()
  const port = portOf(options.port ?? String(config.PORT))
  const host = options.host ?? config.HOST
  const running = await runningServer(config.data)
  if (running !== null) {
    throw new AppError('data-directory-in-use', `A server runs for ${config.data} already: ${running.url} (process ${running.pid}).`, {
      help: 'Use it; every command finds it. Or set FAIRLEAD_DATA to another directory for a second server.',
    })
  }
  const log = createLog(config.FAIRLEAD_LOG)
  const fairlead = await openFairlead(config, {
    log,
    actor: 'server',
    environment: config.environment,
    onFatal(error) {
      printError(error)
      process.exit(error.exit)
    },
  })
  let server: ServerType
  try {
    if (!LOOPBACK.has(host)) await requireAdministrator(fairlead, host)
    server = await listen(fairlead, host, port)
  } catch (thrown) {
    await fairlead.close()
    throw thrown
  }
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const url = `http://${host.includes(':') ? `[${host}]` : host === '127.0.0.1' ? 'localhost' : host}:${bound}`
  const forget = await writeServerFile(fairlead.dataDirectory.path, { url, token: fairlead.token.reveal(), pid: process.pid })
  await greet(fairlead, url, Math.round(performance.now() - started))
  await untilStopped()
  await forget()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), 3_000).unref()
  })
  await fairlead.close()
  process.exit(0)
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new AppError('usage', `The port ${JSON.stringify(text)} is no number from 0 to 65535.`, { help: 'For example --port 4001.' })
}

/** Whoever reaches a server without an account could make the first. */
async function requireAdministrator(fairlead: Fairlead, host: string): Promise<void> {
  if (!(await fairlead.services.users.hasSuperuser())) {
    throw new AppError(
      'config',
      `Fairlead does not listen on ${host}: there is no administrator's account yet, and anyone who reaches it could take it.`,
      {
        help: 'Make one with `npx fairlead admin create-user --superuser --email you@example.com`, or listen on 127.0.0.1 (the default).',
      },
    )
  }
  note(`${pc.yellow('plain HTTP')} Passwords and tokens cross the network as they are: put a reverse proxy with TLS in front of ${host}.`)
}

/** Listens, or says what stands in the way. */
function listen(fairlead: Fairlead, host: string, port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: fairlead.app.fetch,
        hostname: host,
        port,
        serverOptions: { requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 },
      },
      () => resolve(server),
    )
    server.once('error', (thrown: unknown) => {
      const code = systemCode(thrown)
      if (code === 'EADDRINUSE') {
        reject(
          new AppError('port-in-use', `Port ${port} is in use by another program.`, {
            help: `Stop it, or choose another port: npx fairlead up --port ${port + 1}`,
            cause: thrown,
          }),
        )
      } else if (code === 'EACCES') {
        reject(
          new AppError('port-in-use', `Port ${port} may not be opened by this user.`, { help: 'Choose a port above 1023.', cause: thrown }),
        )
      } else
        reject(
          new AppError('config', `The server cannot listen on ${host}:${port} (${code ?? String(thrown)}).`, {
            help: 'Check HOST and PORT.',
            cause: thrown,
          }),
        )
    })
  })
}

async function greet(fairlead: Fairlead, url: string, ms: number): Promise<void> {
  const token = await ingestToken(fairlead)
  const code = await fairlead.services.access.createSigninCode()
  const { semantic, analytics } = fairlead.services
  print(`${pc.bold('Fairlead')} ${fairlead.services.version} is ready in ${ms} ms

  ${pc.bold('Dashboard')}  ${url}
  ${pc.bold('Sign in')}    ${url}/signin/${code.reveal()}   ${pc.dim('(once, within the hour)')}
  ${pc.bold('Send one')}   curl -X POST ${url}/v1/events -H 'authorization: Bearer ${token}' -H 'content-type: application/json' -d '{"kind":"deploy","service":"api","git_sha":"4f2a9c1"}'

  ${pc.dim(`Data        ${fairlead.dataDirectory.path}`)}
  ${pc.dim(`Stores      ${semantic.describe}`)}
  ${pc.dim(`            ${analytics.describe}`)}`)
  const reasons = await fairlead.services.readiness()
  for (const reason of reasons) note(`${pc.yellow('not ready')} ${reason}`)
  const [first] = await Promise.allSettled([
    fairlead.app.request('/v1/status', { headers: { authorization: `Bearer ${fairlead.token.reveal()}` } }),
  ])
  const status = first.status === 'fulfilled' && first.value.ok ? ((await first.value.json()) as { events: number }) : null
  if (status?.events === 0) {
    print(`
  Nothing is here yet. In another terminal:
    npx fairlead demo                      sample data to look at
    npx fairlead sync git --repo-path DIR  releases and commits of a repository
    npx fairlead scan DIR                  the same as a report, without a server`)
  }
}

/** Made at the first start and kept beside the data, so that the line to paste stays the same. Only this machine's user can read it. */
async function ingestToken(fairlead: Fairlead): Promise<string> {
  const path = join(fairlead.dataDirectory.path, 'ingest.token')
  const { access, tokens } = fairlead.services
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (looksLikeToken(kept.trim()) && (await access.byToken(kept.trim())) !== null) return kept.trim()
  const { token } = await tokens.create(
    { org: access.home.id, type: 'process', id: null, name: 'this machine', address: null, agent: null },
    access.home.id,
    { name: 'ingest', scopes: ['ingest'], expires_at: null, user: null },
  )
  await writeFile(path, `${token.reveal()}\n`, { mode: 0o600 }).catch((thrown: unknown) => {
    throw directoryError(thrown, path)
  })
  return token.reveal()
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
