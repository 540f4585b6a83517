import { execFile } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { BIN, environmentOf, fairlead, freshDirectory, plainEnvironment } from './server.ts'

/** The embedded engine would take what stands on standard input for rows of its own. */

const EVENTS = 5_000
const lines = Array.from(
  { length: EVENTS },
  (_, n) =>
    `${JSON.stringify({ kind: 'deploy', service: `s${n % 7}`, git_sha: n.toString(16).padStart(40, 'a'), occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString() })}\n`,
).join('')

async function inShell(data: string, script: string): Promise<string> {
  const env = plainEnvironment({ ...(await environmentOf(data)), BIN })
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd: data, env })
  return stdout
}

const kept = async (data: string) => {
  const { records } = JSON.parse((await fairlead(['verify', '--json'], { data })).stdout) as { records: number }
  const quarantine = join(data, 'quarantine')
  return { records, quarantined: existsSync(quarantine) ? readdirSync(quarantine) : [] }
}

test.each([
  ['a pipe', (data: string, file: string) => inShell(data, `cat '${file}' | node "$BIN" ingest - --json`)],
  ['a file', (data: string, file: string) => inShell(data, `node "$BIN" ingest - --json < '${file}'`)],
  ['a socket', async (data: string) => (await fairlead(['ingest', '-', '--json'], { data, input: lines })).stdout],
])('events that come by %s while earlier ones are inserted are all kept', { timeout: 240_000 }, async (_by, ingest) => {
  const data = await freshDirectory()
  const file = join(data, 'events.ndjson')
  writeFileSync(file, lines)
  expect(JSON.parse(await ingest(data, file))).toMatchObject({ accepted: EVENTS, rejected: [] })
  expect(await kept(data)).toEqual({ records: EVENTS, quarantined: [] })
})

test('an answer that is piped in is taken while the other end stays open', { timeout: 240_000 }, async () => {
  const data = await freshDirectory()
  const create = 'admin create-user --email ada@example.com --superuser'
  // Whoever waited for the end of the input would still wait when the shell is done.
  const script = `sh -c 'echo $$ >pid; echo a long enough password 7; exec sleep 1000' | (node "$BIN" ${create}; echo ended $?; kill "$(cat pid)")`
  expect(await inShell(data, script)).toContain('ended 0')
})
