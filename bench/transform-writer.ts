import { setTimeout as sleep } from 'node:timers/promises'
import { noRow, statement } from '../src/store/statement.ts'
import type { OpenStore } from './transform-store.ts'

/** Rows that writers change are those whose key ends so, and new ones. */
export const HOT = { of: 100, is: 7 }

export interface Written {
  /** What each row that was written must be; null when it was removed. */
  readonly rows: ReadonlyMap<number, string | null>
  /** How long each write took. */
  readonly waits: readonly number[]
  readonly failures: readonly string[]
}

/**
 * Writes one row after the other: adds, changes, removes. It says keys in quotes, which is right for numbers and for texts. Of two writers
 * no two write the same row, so the last word of each is what must be there.
 */
export function startWriter({ port }: OpenStore, rows: number, mine: 0 | 1, table: string): { stop(): Promise<Written> } {
  const written = new Map<number, string | null>()
  const [waits, failures]: [number[], string[]] = [[], []]
  const until = { stopped: false }
  let added = 0
  const hot = () => HOT.is + HOT.of * (2 * Math.floor(Math.random() * Math.floor(rows / HOT.of / 2)) + mine)
  const write = async (sql: string): Promise<boolean> => {
    const begun = performance.now()
    try {
      await port.rows(statement({ name: 'bench.write', sql, row: noRow }))
      return true
    } catch (thrown) {
      failures.push(String(thrown))
      return false
    } finally {
      waits.push(performance.now() - begun)
    }
  }
  const loop = (async () => {
    for (let count = 0; !until.stopped; count++) {
      const text = `writer ${mine} ${count}`
      const choice = count % 5
      const old = added > 0 && choice === 4 ? rows + 2 * Math.ceil(Math.random() * added) + mine : hot()
      if (choice < 2) {
        const id = rows + 2 * ++added + mine
        if (await write(`insert into ${table} (id, customer) values ('${id}', '${text}')`)) written.set(id, text)
      } else if (choice < 4) {
        if ((await write(`update ${table} set customer = '${text}' where id = '${old}'`)) && written.get(old) !== null)
          written.set(old, text)
      } else if (await write(`delete from ${table} where id = '${old}'`)) written.set(old, null)
      await sleep(2)
    }
  })()
  return {
    async stop() {
      until.stopped = true
      await loop
      return { rows: written, waits, failures }
    },
  }
}

/** Rows that are not what was written last. */
export async function lostOf({ port, dialect }: OpenStore, written: Written, table: string): Promise<string[]> {
  const lost: string[] = []
  const entries = [...written.rows]
  for (let from = 0; from < entries.length; from += 500) {
    const some = entries.slice(from, from + 500)
    const sql = `select ${dialect.copying.keyText('id')} as id, customer from ${table} where id in (${some.map(([id]) => `'${id}'`).join(', ')})`
    const found = (await port.rows(statement({ name: 'bench.written', sql, row: noRow }))) as { id: string; customer: string }[]
    const there = new Map(found.map(({ id, customer }) => [Number(id), customer]))
    for (const [id, text] of some) {
      if ((there.get(id) ?? null) !== text) lost.push(`${id}: ${String(there.get(id) ?? null)} instead of ${String(text)}`)
    }
  }
  return lost
}
