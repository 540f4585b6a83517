import type { SqlPort } from '../src/store/dialect.ts'
import { createMigrator } from '../src/store/migrate.ts'
import { openStore, type StoreKind } from './transform-store.ts'

/**
 * A process of its own that migrates. With a share of the rows it dies by SIGKILL in the middle of some statement behind it, or before the
 * end is recorded when there is none. It prints how many rows were done when it first told of some, and when it was asked to die.
 */
const [kind = '', target = '', directory = '', share = ''] = process.argv.slice(2)

/** Statements until the end; null while it may live. */
let left: number | null = null
let hasTold = false
const print = (what: object): boolean => process.stdout.write(`${JSON.stringify(what)}\n`)

function dying(port: SqlPort): SqlPort {
  const { transaction } = port
  const doomed = <T>(answer: Promise<T>): Promise<T> => {
    if (left !== null && --left <= 0) setTimeout(() => process.kill(process.pid, 'SIGKILL'), Math.random() * 5)
    return answer
  }
  return {
    run: (sql, params) => doomed(port.run(sql, params)),
    rows: (each, params) => doomed(port.rows(each, params)),
    ...(transaction === undefined ? {} : { transaction: (work) => transaction.call(port, (inside) => work(dying(inside))) as never }),
  }
}

const store = await openStore(kind as StoreKind, target)
const { lock, dialect, port } = store
await createMigrator({
  port: dying(port),
  dialect,
  directory,
  programVersion: '0',
  actor: 'bench',
  leaseMs: 1_000,
  ...(lock === undefined ? {} : { lock }),
  onStep({ phase, rows, text, statement, statements }) {
    if (phase === 'recorded') print({ recorded: text })
    if (phase === 'after' && statement === statements && share !== '') process.kill(process.pid, 'SIGKILL')
    if (phase !== 'within' || rows === undefined) return
    if (!hasTold) print({ first: rows.done })
    hasTold = true
    if (share === '' || left !== null || rows.done < Number(share) * rows.of) return
    left = 1 + Math.floor(Math.random() * 6)
    print(rows)
  },
}).up()
await store.close()
