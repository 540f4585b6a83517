import { z } from 'zod'
import { TABLES, TOLD, type DomainTable } from '../../domain/tables.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { itemKey, noChange, noteChange, placeKey, type Change, type Stored } from './apply.ts'

const sourceNames = statement({
  name: 'remove.sources',
  sql: 'SELECT DISTINCT source FROM all_raw WHERE org_id = {org:UUID} ORDER BY source',
  row: z.object({ source: z.string() }),
})

/** Sources of which the raw log holds items, connected or not. */
export async function sourcesWithItems(analytics: Analytics, org: string): Promise<string[]> {
  return (await analytics.readAsWriter(sourceNames, { org })).map((one) => one.source)
}

/** Of 39 bytes each in the text of a statement, for which the writer's session allows 4 MiB; on a cluster it goes through Keeper, where 1 MiB is usual. */
const KEYS_PER_MUTATION = 20_000

const rawNames = statement({
  name: 'remove.items',
  sql: `SELECT seq, stream, id FROM all_raw FINAL WHERE org_id = {org:UUID} AND source = {source:String} AND seq > {after:UInt64} ORDER BY seq LIMIT ${KEYS_PER_MUTATION}`,
  row: z.object({ seq: z.coerce.number(), stream: z.string(), id: z.string() }),
})

/** The `problem` of a raw item whose payload was taken out with its source. */
const REMOVED = 'removed: its source was removed'

/**
 * Takes everything that a source told out of what is read. In the log its places stay, with their hashes and without their payload, so the chain
 * is whole. What is pulled again afterwards is new.
 */
export async function removeSourceRows(analytics: Analytics, org: string, source: string): Promise<Change> {
  const change = noChange()
  // A mutation takes no parameters; in hexadecimal no name can be anything but a name.
  const where = `WHERE org_id = toUUID('${org}') AND source = unhex('${Buffer.from(source).toString('hex')}')`
  const keys: string[] = []
  const forget = async (): Promise<void> => {
    while (keys.length > 0) {
      const list = keys.splice(0, KEYS_PER_MUTATION).map((key) => `'${key}'`)
      await analytics.run(`ALTER TABLE all_keys DELETE WHERE org_id = toUUID('${org}') AND key IN (${list.join(',')})`)
    }
  }
  for (let after = 0; ;) {
    const items = await analytics.readAsWriter(rawNames, { org, source, after })
    const last = items.at(-1)
    if (last === undefined) break
    for (const { stream, id } of items) keys.push(itemKey(source, stream, id))
    after = last.seq
    await forget()
  }
  for (const table of Object.keys(TOLD) as DomainTable[]) {
    const { key, identity } = TABLES[table]
    const isMovable = key.length !== identity.length
    if (isMovable || table === 'incident_states' || table === 'commits' || table === 'changes') {
      const standing = statement({
        name: `remove.standing_${table}`,
        sql: `SELECT * FROM all_${table} FINAL WHERE org_id = {org:UUID} AND source = {source:String}`,
        row: z.looseObject({}),
      })
      for (const row of (await analytics.readAsWriter(standing, { org, source })) as Stored[]) {
        noteChange(change, table, row)
        const place = placeKey(table, row)
        if (place !== null) keys.push(place)
      }
      await forget()
    }
    await analytics.run(`ALTER TABLE all_${table} DELETE ${where}`)
  }
  for (const table of ['coverage', 'attempts', 'shipments', 'incident_links'])
    await analytics.run(`ALTER TABLE all_${table} DELETE ${where}`)
  await analytics.run(`ALTER TABLE all_raw UPDATE payload = '', problem = '${REMOVED}' ${where}`)
  return change
}

/** Whether the payload of a raw item was taken out on purpose. */
export function isRemoved(problem: string | null): boolean {
  return problem?.startsWith('removed: ') === true
}
