import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Analytics } from './analytics.ts'
import { statement } from './statement.ts'

const engineOfLog = statement({
  name: 'store.topology',
  sql: `SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'all_raw'`,
  row: z.object({ engine: z.string() }),
})

/** Tables are made for one node or for a cluster, and stay so: with the other address a statement would find no table, or half of the rows. */
export async function requireSameTopology(analytics: Pick<Analytics, 'readAsWriter' | 'cluster'>): Promise<void> {
  const [found] = await analytics.readAsWriter(engineOfLog)
  const isOnCluster = found?.engine === 'Distributed'
  if (found === undefined || isOnCluster === (analytics.cluster !== null)) return
  throw new AppError(
    'config',
    isOnCluster
      ? 'The tables in the database of CLICKHOUSE_URI are made for a cluster, and the address names none.'
      : `The tables in the database of CLICKHOUSE_URI are made for one node, and the address names the cluster ${analytics.cluster}.`,
    {
      help: isOnCluster
        ? 'Add `?cluster=NAME`, with the name of the cluster in `system.clusters`.'
        : 'Leave out `?cluster=`, or name an empty database and bring the rows over (docs/operations.md).',
    },
  )
}
