import { z } from 'zod'

/** A row of the raw log (`all_raw`), as every reader of it gets it. */
export const rawLogRow = z.object({
  org: z.string(),
  seq: z.coerce.number(),
  source: z.string(),
  connector: z.string(),
  stream: z.string(),
  id: z.string(),
  at: z.string().nullable(),
  received_at: z.string(),
  payload: z.string(),
  encoding: z.enum(['utf8', 'base64']),
  digest: z.string(),
  chain: z.string(),
  /** The number of the first delivery, when this one repeats it; 0 when it does not. */
  duplicate_of: z.coerce.number(),
  /** Why the item could not be read; null when it could. */
  problem: z.string().nullable(),
})

/** Its columns, with the hashes as hexadecimal text. */
export const RAW_LOG_COLUMNS = `toString(org_id) AS org, seq, source, connector, stream, id, at, received_at, payload, encoding,
  lower(hex(digest)) AS digest, lower(hex(chain)) AS chain, duplicate_of, problem`
