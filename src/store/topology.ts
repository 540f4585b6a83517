import { onCluster, type Cluster } from './cluster.ts'

/** What differs between one node and several for who reads and writes. Everything else is said as for one node. */
export interface Topology {
  /** The statements that one becomes. */
  statements(sql: string): readonly string[]
  /** Beside the settings of every writing session, and of every reading one. */
  readonly writer: Readonly<Record<string, string | number>>
  readonly reader: Readonly<Record<string, string | number>>
}

export const ONE_NODE: Topology = { statements: (sql) => [sql], writer: {}, reader: {} }

/** Docs/adr/0027 says why. */
const READER = {
  // An organization lies on one shard: ask that one alone, and let both sides of a join be the ones that lie there.
  optimize_skip_unused_shards: 1,
  distributed_product_mode: 'local',
  // Whatever node a request comes to, the same replica answers it that took the last rows, while it lives.
  prefer_localhost_replica: 0,
  load_balancing: 'in_order',
  // One that is further behind is passed over. Rows are in every read after two seconds.
  max_replica_delay_for_distributed_queries: 2,
  // From node to node an instant travels as a number of seconds; `best_effort`, the default, takes one before 1970 for something else.
  cast_string_to_date_time_mode: 'basic',
} as const

const WRITER = {
  ...READER,
  // The look-ups of the one that applies must not miss what it wrote: no answer, and so a later one, is better than an old one.
  fallback_to_stale_replicas_for_distributed_queries: 0,
  // An insert is acknowledged when a majority of the replicas of its shard has the rows: the journal forgets them then.
  distributed_foreground_insert: 1,
  insert_quorum: 'auto',
  insert_quorum_timeout: 20_000,
  mutations_sync: 2,
  // Without rows, and sooner than the client hangs up.
  distributed_ddl_output_mode: 'none',
  distributed_ddl_task_timeout: 30,
} as const

export function clusterTopology(cluster: Cluster): Topology {
  return { statements: (sql) => onCluster(sql, cluster), writer: WRITER, reader: READER }
}
