import { openAnalytics } from '../src/store/analytics.ts'
import { clickhouseDialect, clickhousePort } from '../src/store/dialects/clickhouse.ts'
import { mysqlDialect, mysqlPort } from '../src/store/dialects/mysql.ts'
import { openMysql } from '../src/store/mysql.ts'
import { resolveMysql } from '../src/store/store-uri.ts'
import { postgresDialect, postgresPort } from '../src/store/dialects/postgres.ts'
import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { createMigrator, soleOwner, type MigratorOptions } from '../src/store/migrate.ts'
import { openSemantic } from '../src/store/semantic.ts'

/** A process of its own that migrates, and is killed at one moment: `phase file statement`. Prints the snapshot when it lives to the end. */
const [store = '', target = '', directory = '', moment = ''] = process.argv.slice(2)

const onStep: MigratorOptions['onStep'] = (step) => {
  if (`${step.phase} ${step.file} ${step.statement}` === moment) process.kill(process.pid, 'SIGKILL')
}
const common = { directory, programVersion: '0', actor: 'test', lock: soleOwner, onStep }

async function migrate(options: MigratorOptions, close: () => Promise<void>): Promise<void> {
  const migrator = createMigrator(options)
  await migrator.up({ confirm: (await migrator.plan()).hash })
  process.stdout.write(await migrator.snapshot())
  await close()
}

if (store === 'clickhouse') {
  const analytics = await openAnalytics({ kind: 'embedded', directory: target }, {}, { readers: 1 })
  await migrate({ ...common, port: clickhousePort(analytics), dialect: clickhouseDialect }, analytics.close)
} else if (store === 'mysql') {
  const where = resolveMysql(target)
  if (where === null) throw new Error('no address')
  const mysql = await openMysql(where, { log: silentLog })
  // With the lock of the dialect itself: one that was killed is waited for.
  const { lock: _ours, ...rest } = common
  await migrate({ ...rest, leaseMs: 50, port: mysqlPort(mysql), dialect: mysqlDialect }, mysql.close)
} else {
  const semantic = await openSemantic({ uri: new Secret(target) }, { log: silentLog })
  // `yugabyte` is this server, treated as one that cannot undo DDL.
  const dialect = postgresDialect(store === 'yugabyte' ? 'PostgreSQL 15.2-YB-2.25.0.0-b0' : semantic.version)
  await migrate({ ...common, port: postgresPort(semantic), dialect }, semantic.close)
}
