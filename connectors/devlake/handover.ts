import { isFound, patternProblem } from '../../domain/pattern.ts'
import type { Ask, Handover } from '../../src/connector.ts'
import { AppError } from '../../src/errors.ts'
import type { Secret } from '../../src/secret.ts'
import { dateOf } from '../../src/table-walk.ts'
import { connectionsOf, sealedIn, webhooksOf } from './connections.ts'
import type { Config } from './config.ts'
import { openLake, type Lake } from './lake.ts'
import { opened } from './sealed.ts'
import { textOf } from './value.ts'

/** Nothing is told of a secret that opens nothing, so that nothing is written with it. */
export async function handover(ask: Ask<Config>, secret: Secret | null): Promise<Handover> {
  const lake = await openLake(ask)
  const proved = secret === null ? null : await isProved(lake, secret)
  if (proved === false)
    throw new AppError('invalid-input', 'This is not the secret that the database was sealed with: nothing in it opens.', {
      help: 'It is ENCRYPTION_SECRET of DevLake: in its .env, or in the Kubernetes secret of its chart. Without it everything but connections and keys is taken.',
    })
  return {
    proved,
    connections: await connectionsOf(lake, (sealed) => (secret === null ? undefined : opened(sealed, secret.reveal()))),
    keys: await keysOf(lake),
  }
}

async function isProved(lake: Lake, secret: Secret): Promise<boolean | null> {
  const sealed = await sealedIn(lake)
  return sealed.length === 0 ? null : sealed.some((one) => opened(one, secret.reveal()) !== null)
}

async function keysOf(lake: Lake): Promise<Handover['keys']> {
  const rows = await lake.others('_devlake_api_keys', ['id', 'name', 'api_key', 'allowed_path', 'expired_at'])
  if (rows.length === 0) return []
  const doors = await doorsOf(lake)
  return rows.map((row) => {
    const [digest, path] = [textOf(row['api_key']) ?? '', textOf(row['allowed_path']) ?? '']
    return {
      name: textOf(row['name']) ?? String(row['id']),
      digest: digest.toLowerCase(),
      path,
      expires_at: dateOf(row['expired_at']),
      why: uselessness(digest, path, doors),
    }
  })
}

function uselessness(digest: string, path: string, doors: readonly string[]): string | null {
  if (!/^[0-9a-f]{64}$/i.test(digest)) return 'no digest of a key stands there'
  const problem = patternProblem(path)
  if (problem !== null) return `its path ${problem}`
  return doors.some((one) => isFound(path, one)) ? null : 'its path fits no webhook, and DevLake’s other routes are not here'
}

/** The paths at which emitters send, as DevLake compares a key's pattern with them. */
async function doorsOf(lake: Lake): Promise<string[]> {
  const kinds = ['deployments', 'pull_requests', 'issues', 'issue/1/close']
  const webhooks = await webhooksOf(lake)
  const ids = webhooks.map((one) => String(one['id']))
  const names = webhooks.map((one) => String(one['name']))
  const projects = (await lake.whole('projects')).map((one) => String(one['name']))
  return [
    ...[...ids.flatMap((id) => [`connections/${id}`, id]), ...names.map((name) => `connections/by-name/${name}`)].flatMap((one) =>
      kinds.map((kind) => `/plugins/webhook/${one}/${kind}`),
    ),
    ...projects.map((name) => `/plugins/webhook/projects/${name}/deployments`),
  ]
}
