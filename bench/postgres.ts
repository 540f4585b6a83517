import { Client } from 'pg'
import { silentLog } from '../src/log.ts'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts'

/** The reference: PostgreSQL with the `deploy_events` table of the tutorial, in its default configuration (fsync and synchronous_commit on). */
export interface Reference {
  readonly describe: string
  connect(): Promise<Client>
  close(): Promise<void>
}

/** The table and the index as the tutorial has them. */
const TABLE = `
CREATE TABLE IF NOT EXISTS deploy_events (
  id BIGSERIAL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('deploy', 'rollback', 'incident_opened', 'incident_closed')),
  service TEXT NOT NULL,
  git_sha TEXT,
  environment TEXT NOT NULL DEFAULT 'prod',
  succeeded BOOLEAN NOT NULL DEFAULT TRUE,
  commit_at TIMESTAMPTZ,
  ref_id TEXT,
  occurred_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS idx_events_kind_time ON deploy_events (kind, occurred_at);`

/** The server of POSTGRES_URI, in a schema of its own that goes at the end, or the embedded one in `directory`. */
export async function openReference(directory: string): Promise<Reference> {
  const uri = process.env['POSTGRES_URI']
  const server = uri === undefined ? await startEmbeddedPostgres({ directory, log: silentLog }) : null
  const schema = `fairlead_bench_${process.pid}`
  const connect = async () => {
    const client =
      server === null
        ? new Client({ connectionString: uri, options: `-c search_path=${schema}` })
        : new Client({ host: server.host, port: server.port, user: server.user, database: server.database, password: '' })
    // A connection that the server ends at the close is no failure of its own: whoever waits for a query on it hears.
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const owner = await connect()
  if (server === null) await owner.query(`CREATE SCHEMA ${schema}`)
  await owner.query(TABLE)
  const { rows } = await owner.query<{ version: string; fsync: string; commit: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
  )
  const { version = '?', fsync = '?', commit = '?' } = rows[0] ?? {}
  return {
    describe: `PostgreSQL ${version.split(' ')[0]} ${server === null ? 'of POSTGRES_URI' : 'embedded, Unix socket'}, fsync ${fsync}, synchronous_commit ${commit}`,
    connect,
    async close() {
      if (server === null) await owner.query(`DROP SCHEMA ${schema} CASCADE`)
      await owner.end()
      await server?.stop()
    },
  }
}
