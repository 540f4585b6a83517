import { useState, type ReactNode } from 'react'
import type { DoctorFinding, DoctorStore } from '../api/contract.ts'
import { bytes } from '../format/bytes.ts'
import { count, decimal, many } from '../format/figure.ts'
import { Fact } from '../frame/fact.tsx'
import { ShareBar } from '../frame/share-bar.tsx'
import { Holding } from './findings.tsx'

const SHOWN = 8

/** One store: how it answers, how large its tables are, what its indexes are used for, what was slow. */
export function StoreCard({ store, holding }: { store: DoctorStore; holding: readonly DoctorFinding[] }) {
  const { pool, indexes, slow } = store
  const size = store.tables.reduce((sum, table) => sum + (table.bytes ?? 0), 0)
  const facts: [string, string | null][] = [
    ['Version', store.version],
    ['Answers after', store.ping_ms === null ? null : milliseconds(store.ping_ms)],
    ['Clock apart', store.clock_skew_ms === null ? null : `${count(store.clock_skew_ms)} ms`],
    ['Connections', pool === null ? null : `${count(pool.open)} of ${count(pool.most)}, ${count(pool.waiting)} waiting`],
    ['Tables', store.tables.length === 0 ? null : `${count(store.tables.length)}, ${bytes(size)}`],
    ['Free on its disk', store.free_bytes === null ? null : bytes(store.free_bytes)],
  ]
  const id = `doctor-${store.store}`
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>
        {store.title} <span className="doctor-where">{store.describe}</span>
      </h2>
      {store.reached ? (
        <dl className="facts-list">{facts.map(([term, text]) => text !== null && <Fact key={term} term={term} children={text} />)}</dl>
      ) : (
        <p className="quiet">It was not reached; what it says of itself is not known.</p>
      )}
      <Holding findings={holding} />
      {store.tables.length > 0 && <Sizes store={store} />}
      {indexes.length > 0 && (
        <details className="doctor-more">
          <summary>{many(indexes.length, 'index', 'indexes')}</summary>
          <Figures
            label={`Indexes: ${store.title}`}
            rows={indexes}
            columns={[
              { title: 'Index', of: ({ index }) => index },
              { title: 'Over', of: ({ table, columns }) => `${table} (${columns})` },
              { title: 'Size', number: ({ bytes: value }) => value, as: bytes },
              { title: 'Uses', number: ({ uses }) => uses, as: count, ifTold: true },
            ]}
          />
        </details>
      )}
      {slow.statements.length > 0 && (
        <details className="doctor-more">
          <summary>Slowest statements, {slow.from === 'program' ? 'in this process since its start' : `by ${slow.from}`}</summary>
          <Figures
            label={`Slowest statements: ${store.title}`}
            rows={slow.statements}
            columns={[
              { title: 'Statement', of: ({ statement }) => statement },
              { title: 'Calls', number: ({ calls }) => calls, as: count },
              { title: 'Mean', number: ({ mean_ms }) => mean_ms, as: milliseconds },
              { title: 'Longest', number: ({ most_ms }) => most_ms, as: milliseconds },
            ]}
          />
        </details>
      )}
    </section>
  )
}

function Sizes({ store: { title, tables } }: { store: DoctorStore }) {
  const [all, setAll] = useState(false)
  const sorted = tables.toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0))
  const top = Math.max(1, sorted[0]?.bytes ?? 0)
  return (
    <>
      <Figures
        label={`Sizes of the tables: ${title}`}
        rows={all ? sorted : sorted.slice(0, SHOWN)}
        columns={[
          { title: 'Table', of: ({ table }) => table },
          { title: 'Share of the largest', share: (table) => (table.bytes ?? 0) / top },
          { title: 'Size', number: ({ bytes: value }) => value, as: bytes },
          { title: 'Indexes', number: ({ index_bytes }) => index_bytes, as: bytes, ifTold: true },
          { title: 'Rows', number: ({ rows }) => rows, as: count, ifTold: true },
          { title: 'Dead rows', number: ({ dead_rows }) => dead_rows, as: count, ifTold: true },
          { title: 'Parts', number: ({ parts }) => parts, as: count, ifTold: true },
        ]}
      />
      {!all && sorted.length > SHOWN && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          Show all {count(sorted.length)} tables
        </button>
      )}
    </>
  )
}

/** Words, a number that the store may not tell, or a bar. */
type Column<T> = { title: string } & (
  | { of(row: T): string }
  | { number(row: T): number | null; as(value: number): string; ifTold?: true }
  | { share(row: T): number }
)

/** The first column names the row. A number that a row does not have is a dash; `ifTold`, one that none has is no column: not every store has such. */
function Figures<T>({ label, rows, columns }: { label: string; rows: readonly T[]; columns: readonly Column<T>[] }) {
  const shown = columns.filter(
    (column) => !('number' in column) || column.ifTold !== true || rows.some((row) => column.number(row) !== null),
  )
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={label}>
      <table className="data-table doctor-table">
        <thead>
          <tr>
            {shown.map((column) => (
              <th key={column.title} scope="col" className={'number' in column ? 'is-number' : 'share' in column ? 'share-bar' : undefined}>
                {'share' in column ? <span className="visually-hidden">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>{shown.map((column, at) => cell(column, row, at === 0))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function cell<T>(column: Column<T>, row: T, isFirst: boolean): ReactNode {
  if ('share' in column) return <ShareBar key={column.title} share={column.share(row)} />
  if ('of' in column)
    return isFirst ? (
      <th key={column.title} scope="row">
        {column.of(row)}
      </th>
    ) : (
      <td key={column.title}>{column.of(row)}</td>
    )
  const value = column.number(row)
  return (
    <td key={column.title} className="is-number">
      {value === null ? '–' : column.as(value)}
    </td>
  )
}

const milliseconds = (value: number): string => `${decimal(value)} ms`
