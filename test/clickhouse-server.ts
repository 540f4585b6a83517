import { Session } from 'chdb'
import { createHttpDoor } from './clickhouse-door.ts'
import { openSessions } from './cluster/sessions.ts'

/** A small ClickHouse server for tests, in a process of its own. Run as: clickhouse-server <directory> <port>; prints `ready <port>`. */
const [directory = '', port = '0'] = process.argv.slice(2)

await new Session(directory).queryAsync('CREATE DATABASE IF NOT EXISTS fairlead ENGINE = Atomic')
const server = createHttpDoor({ sessions: openSessions(directory) })
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`ready ${typeof address === 'object' && address !== null ? address.port : port}\n`)
})
