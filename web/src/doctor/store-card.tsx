import { useState } from 'react'
import type { DoctorFinding, DoctorStore } from '../api/contract.ts'
import { bytes } from '../format/bytes.ts'
import { count, decimal, many } from '../format/figure.ts'
import { Fact } from '../frame/fact.tsx'
import { Holding, PARTS } from './findings.tsx'

const SHOWN = 8

/** One store: how it answers, how large its tables are, what its indexes are used for, what was slow. */
export function StoreCard({ store, holding }: { store: DoctorStore; holding: readonly DoctorFinding[] }) {
  const { pool } = store
  const size = store.tables.reduce((sum, table) => sum + (table.bytes ?? 0), 0)
  const facts: [string, string | null][] = [
    ['Version', store.version],
    ['Answers after', store.ping_ms === null ? null : `${decimal(store.ping_ms)} ms`],
    ['Clock apart', store.clock_skew_ms === null ? null : `${count(store.clock_skew_ms)} ms`],
    ['Connections', pool === null ? null : `${count(pool.open)} of ${count(pool.most)}, ${count(pool.waiting)} waiting`],
    ['Tables', store.tables.length === 0 ? null : `${count(store.tables.length)}, ${bytes(size)}`],
    ['Free on its disk', store.free_bytes === null ? null : bytes(store.free_bytes)],
  ]
  const id = `doctor-${store.store}`
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>
        {PARTS[store.store]} <span className="doctor-where">{store.describe}</span>
      </h2>
      {store.reached ? (
        <dl className="facts-list">{facts.map(([term, text]) => text !== null && <Fact key={term} term={term} children={text} />)}</dl>
      ) : (
        <p className="quiet">It was not reached; what it says of itself is not known.</p>
      )}
      <Holding findings={holding} />
      <Sizes store={store} />
      <Indexes store={store} />
      <Slow store={store} />
    </section>
  )
}

function Sizes({ store: { store, tables } }: { store: DoctorStore }) {
  const [all, setAll] = useState(false)
  const sorted = tables.toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0))
  const shown = all ? sorted : sorted.slice(0, SHOWN)
  const top = Math.max(1, ...sorted.map((table) => table.bytes ?? 0))
  const known = <K extends 'rows' | 'index_bytes' | 'dead_rows' | 'parts'>(key: K) => tables.some((table) => table[key] !== null)
  const [rows, indexes, dead, parts] = [known('rows'), known('index_bytes'), known('dead_rows'), known('parts')]
  if (tables.length === 0) return null
  return (
    <>
      <div className="table-box" tabIndex={0} role="region" aria-label={`Sizes of the tables: ${PARTS[store]}`}>
        <table className="data-table doctor-table">
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col">
                <span className="visually-hidden">Share of the largest</span>
              </th>
              <th scope="col" className="is-number">
                Size
              </th>
              {indexes && (
                <th scope="col" className="is-number">
                  Indexes
                </th>
              )}
              {rows && (
                <th scope="col" className="is-number">
                  Rows
                </th>
              )}
              {dead && (
                <th scope="col" className="is-number">
                  Dead rows
                </th>
              )}
              {parts && (
                <th scope="col" className="is-number">
                  Parts
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((table) => (
              <tr key={table.table}>
                <th scope="row">{table.table}</th>
                <td className="doctor-bar" aria-hidden="true">
                  {(table.bytes ?? 0) > 0 && <div style={{ inlineSize: `${((table.bytes ?? 0) / top) * 100}%` }} />}
                </td>
                <td className="is-number">{size(table.bytes)}</td>
                {indexes && <td className="is-number">{size(table.index_bytes)}</td>}
                {rows && <td className="is-number">{number(table.rows)}</td>}
                {dead && <td className="is-number">{number(table.dead_rows)}</td>}
                {parts && <td className="is-number">{number(table.parts)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < sorted.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          Show all {count(sorted.length)} tables
        </button>
      )}
    </>
  )
}

function Indexes({ store: { store, indexes } }: { store: DoctorStore }) {
  if (indexes.length === 0) return null
  const counted = indexes.some(({ uses }) => uses !== null)
  return (
    <details className="doctor-more">
      <summary>{many(indexes.length, 'index', 'indexes')}</summary>
      <div className="table-box" tabIndex={0} role="region" aria-label={`Indexes: ${PARTS[store]}`}>
        <table className="data-table doctor-table">
          <thead>
            <tr>
              <th scope="col">Index</th>
              <th scope="col">Over</th>
              <th scope="col" className="is-number">
                Size
              </th>
              {counted && (
                <th scope="col" className="is-number">
                  Uses
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {indexes.map((index) => (
              <tr key={`${index.table} ${index.index}`}>
                <th scope="row">{index.index}</th>
                <td>
                  {index.table} ({index.columns})
                </td>
                <td className="is-number">{size(index.bytes)}</td>
                {counted && <td className="is-number">{number(index.uses)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function Slow({ store: { store, slow } }: { store: DoctorStore }) {
  if (slow.statements.length === 0) return null
  return (
    <details className="doctor-more">
      <summary>Slowest statements, {slow.from === 'program' ? 'in this process since its start' : `by ${slow.from}`}</summary>
      <div className="table-box" tabIndex={0} role="region" aria-label={`Slowest statements: ${PARTS[store]}`}>
        <table className="data-table doctor-table">
          <thead>
            <tr>
              <th scope="col">Statement</th>
              <th scope="col" className="is-number">
                Calls
              </th>
              <th scope="col" className="is-number">
                Mean
              </th>
              <th scope="col" className="is-number">
                Longest
              </th>
            </tr>
          </thead>
          <tbody>
            {slow.statements.map((one) => (
              <tr key={one.statement}>
                <th scope="row">{one.statement}</th>
                <td className="is-number">{count(one.calls)}</td>
                <td className="is-number">{decimal(one.mean_ms)} ms</td>
                <td className="is-number">{one.most_ms === null ? '–' : `${decimal(one.most_ms)} ms`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

const size = (value: number | null): string => (value === null ? '–' : bytes(value))
const number = (value: number | null): string => (value === null ? '–' : count(value))
