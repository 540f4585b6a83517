import { notesOn, sayer } from '../../src/operate/doctor/finding.ts'
import type { Doctor, DoctorFinding, DoctorStore } from '../../web/src/api/contract.ts'

const findings: DoctorFinding[] = []
const of = (store: DoctorFinding['store']) => sayer(findings, store)
of('lake')(
  'answers',
  'failure',
  'MySQL at lake.acme.example:3306/lake does not answer (ECONNREFUSED).',
  'Start it, or take MYSQL_URI out of the settings.',
)
of('semantic')(
  'durable',
  'warning',
  'synchronous_commit is off: what was acknowledged may be lost in a crash.',
  'alter system set synchronous_commit = on; select pg_reload_conf();',
)
of('key')('given', 'note', 'The key lies beside the data that it protects.')
of('semantic')('answers', 'ok', 'It answers after 1.2 ms.')
of('semantic')('schema', 'ok', 'All migrations are applied, the last is 9.')
of('analytics')('answers', 'ok', 'It answers after 9 ms.')
of('disk')('space', 'ok', '76 GiB of 252 GiB are free.')

const semantic: DoctorStore = {
  ...notesOn('semantic', 'PostgreSQL at db.acme.example:5432/fairlead'),
  version: 'PostgreSQL 15.4',
  reached: true,
  ping_ms: 1.2,
  clock_skew_ms: -3,
  pool: { most: 10, open: 3, idle: 2, waiting: 0 },
  tables: Array.from({ length: 12 }, (_, index) => ({
    table: index === 0 ? `audit_log_${'of_a_very_long_name_'.repeat(4)}` : `table_${index}`,
    rows: index === 3 ? null : 40_000 >> index,
    bytes: 90_000_000 >> index,
    index_bytes: 8_192,
    dead_rows: index === 0 ? 12_345 : 0,
    parts: null,
  })),
  indexes: [{ table: 'audit_log', index: 'audit_log_org_id_at', columns: 'org_id, at, id', bytes: 16_384, uses: 0 }],
  slow: {
    from: 'pg_stat_statements',
    statements: [{ statement: 'organizations.list', calls: 3, failed: 0, mean_ms: 35.4, most_ms: null, total_ms: 106.2 }],
  },
}

const analytics: DoctorStore = {
  ...notesOn('analytics', 'chDB (embedded) in /var/lib/fairlead/analytics'),
  version: '26.7.2.1',
  reached: true,
  free_bytes: 82_000_000_000,
  tables: [{ table: 'all_commits', rows: 1_000_000, bytes: 64_000_000, index_bytes: null, dead_rows: null, parts: 6 }],
}

/** An installation with something of everything: what fails, what will hurt, what holds, and a store that is away. */
export const doctor: Doctor = {
  at: '2025-11-21T08:30:00.000Z',
  version: '0.1.0',
  holds: false,
  findings,
  stores: [semantic, analytics, notesOn('lake', 'MySQL at lake.acme.example:3306/lake')],
}

/** The same when all is well. */
export const wellDoctor: Doctor = {
  ...doctor,
  holds: true,
  findings: findings.filter(({ level, store }) => level === 'ok' && store !== 'lake'),
  stores: [semantic, analytics],
}
