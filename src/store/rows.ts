import { TABLES, type RowOf, type TableName } from '../../domain/tables.ts'
import type { Analytics } from './analytics.ts'

/** Where a row came from and when: filled by the applier, the same columns on every physical table. */
export interface Envelope {
  readonly org_id: string
  readonly source: string
  /** The journal number of the raw item behind the row; 0 when there is none. */
  readonly raw_seq: number
  readonly received_at: string
  /** Which of two rows with one key is newer: the tool's own updated-at where it has one. */
  readonly seen_at: string
  readonly is_deleted: 0 | 1
}

export const ENVELOPE = ['org_id', 'source', 'raw_seq', 'received_at', 'seen_at', 'is_deleted'] as const

export function columnsOf(table: TableName): string[] {
  return [...Object.keys(TABLES[table].row.shape), ...ENVELOPE]
}

export async function insertRows<T extends TableName>(
  analytics: Analytics,
  table: T,
  rows: readonly (RowOf<T> & Envelope)[],
): Promise<void> {
  await analytics.insert(`all_${table}`, columnsOf(table), rows)
}
