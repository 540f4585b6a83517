import { asAppError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts'

/** A process of its own with an embedded PostgreSQL: prints one line when it runs or why it does not, and stops it when its input ends. */
const events: string[] = []
const note = (event: string): void => void events.push(event)
const log: Log = { info: note, warn: note, error: note }

try {
  const begun = performance.now()
  const { host, version, pid, stop } = await startEmbeddedPostgres({ directory: process.argv[2] ?? '', log })
  console.log(JSON.stringify({ host, version, pid: pid(), milliseconds: Math.round(performance.now() - begun), events }))
  for await (const _ of process.stdin);
  await stop()
} catch (thrown) {
  const { code, message, help } = asAppError(thrown)
  console.log(JSON.stringify({ code, message, help, cause: String(asAppError(thrown).cause) }))
}
