import { AppError } from '../errors.ts'
import { copyRanges, tableExists, totals } from './copy-ranges.ts'
import type { Copy, Copying } from './copying.ts'
import type { SqlPort, StepClass } from './dialect.ts'
import type { CopyColumns, MigrationStep, TableSteps, Work, WorkPlace } from './migration-step.ts'

const SAFE: StepClass = { risk: 'safe', because: 'reads and writes go on' }
const NAME = /^[a-z_][a-z0-9_]*$/

/** The steps that a migration in TypeScript is made of, for one store and one number. */
export function tableSteps(copying: Copying, version: number, file: string): TableSteps {
  const number = String(version).padStart(4, '0')
  const named = (name: string): string => {
    // Names of triggers are made from it; PostgreSQL takes 63 bytes.
    if (NAME.test(name) && name.length <= 40) return name
    throw new AppError('migration-failed', `The migration ${file} names the table ${name}.`, {
      help: 'Names are of small letters, digits and underscores, and of 40 at most.',
    })
  }
  const swapped = (table: string, make: Work, columns: Readonly<Record<string, string>>, key?: readonly string[]): MigrationStep[] => {
    const copy = { from: table, to: `${table}_copy_${number}`, columns, ...(key === undefined ? {} : { key }) }
    const before = `${table}_before_${number}`
    return [
      make,
      ...copySteps(copying, copy, file, false),
      {
        title: `let ${copy.to} take the name ${table}; the old one is ${before}`,
        risk: 'safe',
        because: 'who reads or writes waits for a moment',
        run: (place) => swap(copying, place, { table, copy: copy.to, before }),
      },
      ...endCarrying(copying, { from: before, to: copy.to }),
    ]
  }
  return {
    transformTable({ table, to, columns = {}, key }) {
      const copy = `${named(table)}_copy_${number}`
      const statements = (typeof to === 'string' ? [to] : to).map((sql) => sql.replaceAll('{{table}}', copy))
      const make = makeTable(copying, { table, copy, like: false }, () => Promise.resolve(statements))
      return swapped(table, make, columns, key)
    },
    changeColumnType({ table, column, type, using }) {
      const copy = `${named(table)}_copy_${number}`
      const make = makeTable(copying, { table, copy, like: true }, (port) => copying.like(port, { table, copy, column, type }))
      return swapped(table, { ...make, title: `${make.title}, with ${column} as ${type}` }, using === undefined ? {} : { [column]: using })
    },
    copyColumns(change) {
      const copy = { ...change, from: named(change.from), to: named(change.to) }
      return [...copySteps(copying, copy, file, true), ...endCarrying(copying, copy)]
    },
    renameTable: ({ from, to }) => [
      {
        title: `rename ${named(from)} to ${named(to)}`,
        risk: 'blocking',
        because: 'who still uses the old name is refused',
        run: ({ port }) =>
          copying.patient(port, async (inside) => {
            if (!(await tableExists(copying, inside, from)) && (await tableExists(copying, inside, to))) return
            for (const sql of copying.renames([[from, to]])) await inside.run(sql)
          }),
      },
    ],
    finalize({ table, version: earlier }) {
      if (earlier < version) return [`drop table if exists ${named(table)}_before_${String(earlier).padStart(4, '0')}`]
      throw new AppError('migration-failed', `The migration ${file} finalizes number ${earlier}, which is not before it.`, {
        help: 'The old table is dropped by a migration of its own, when the new one has stood the test.',
      })
    },
  }
}

/** Nothing is in it yet when this runs, so it is made anew after a crash. */
function makeTable(
  copying: Copying,
  { table, copy, like }: { table: string; copy: string; like: boolean },
  statements: (port: SqlPort) => Promise<readonly string[]>,
): Work {
  return {
    title: `make ${copy} beside ${table}`,
    ...SAFE,
    async run({ port }) {
      const obstacles = await port.rows(copying.obstacles, { table, like, carry: `${copy}_carry` })
      if (obstacles.length > 0) {
        throw new AppError(
          'migration-failed',
          `The table ${table} cannot be made anew: it has ${obstacles.map(({ what }) => what).join(', ')}.`,
          {
            help: 'Drop it in a step before, and make it again in a step behind. What the table itself has may also stand in the definition of transformTable.',
          },
        )
      }
      await port.run(`drop table if exists ${copying.quote(copy)}`)
      for (const sql of await statements(port)) await port.run(sql)
    },
  }
}

function copySteps(copying: Copying, { from, to, columns, key }: CopyColumns, file: string, within: boolean): Work[] {
  const describe = (port: SqlPort) => describeCopy(copying, port, { from, to, columns, ...(key === undefined ? {} : { key }) }, within)
  const carry = copying.carry
  return [
    ...(carry === null
      ? []
      : [
          {
            title: `carry what is written to ${from} over to ${to}`,
            risk: 'safe' as const,
            because: 'from here on each write writes twice',
            async run({ port }: WorkPlace) {
              for (const sql of carry.begin(await describe(port))) await copying.patient(port, (inside) => inside.run(sql))
            },
          },
        ]),
    {
      title: `copy ${from} into ${to}, in ranges`,
      risk: 'safe',
      because: 'who writes a row of the range that is being copied waits for that',
      run: async (place) => copyRanges(copying, await describe(place.port), place),
    },
    {
      title: `compare counts and checksums of ${from} and ${to}`,
      ...SAFE,
      async run(place) {
        const found = await totals(copying, await describe(place.port), place, within)
        if (found !== null && found.source_rows === found.copy_rows && found.source_digest === found.copy_digest) return
        throw new AppError(
          'migration-failed',
          `${to} is not what ${from} is: ${found?.copy_rows} rows of ${found?.source_rows}, ${found?.copy_rows === found?.source_rows ? 'with other values' : 'so some are missing, or two have one key'}.`,
          {
            help: `${from} is as it was. Look at the expressions of ${file}: each must give the very value that the column keeps.`,
            detail: found,
          },
        )
      },
    },
  ]
}

function endCarrying(copying: Copying, names: { from: string; to: string }): Work[] {
  const carry = copying.carry
  if (carry === null) return []
  const run = async ({ port }: WorkPlace): Promise<void> => {
    for (const sql of carry.end(names)) await copying.patient(port, (inside) => inside.run(sql))
  }
  return [{ title: `carry nothing over to ${names.to} any more`, ...SAFE, run }]
}

/** Both names at once where the store can; otherwise one after the other, and after a crash what is left of it. */
async function swap(
  copying: Copying,
  { port, transactional }: WorkPlace,
  names: { table: string; copy: string; before: string },
): Promise<void> {
  const missing = async (inside: SqlPort): Promise<string[]> => {
    const there = (table: string) => tableExists(copying, inside, table)
    const pairs: [string, string][] = []
    if (!(await there(names.before))) pairs.push([names.table, names.before], [names.copy, names.table])
    else if (!(await there(names.table))) pairs.push([names.copy, names.table])
    return [...copying.renames(pairs), ...copying.afterSwap(names.table)]
  }
  if (transactional) {
    await copying.patient(port, async (inside) => {
      for (const sql of await missing(inside)) await inside.run(sql)
    })
    return
  }
  for (const sql of await missing(port)) await copying.patient(port, (inside) => inside.run(sql))
}

async function describeCopy(copying: Copying, port: SqlPort, change: CopyColumns, within: boolean): Promise<Copy> {
  const [source, target] = [
    await port.rows(copying.columns, { table: change.from }),
    await port.rows(copying.columns, { table: change.to }),
  ]
  const refuse = (what: string, help: string): AppError => new AppError('migration-failed', what, { help })
  const key =
    change.key === undefined
      ? source.filter((each) => each.key > 0).sort((a, b) => a.key - b.key)
      : change.key.flatMap((name) => source.find((each) => each.name === name) ?? [])
  if (key.length === 0 || key.length !== (change.key?.length ?? key.length)) {
    throw refuse(
      `The table ${change.from} has no primary key by which it could be copied in ranges.`,
      'Name columns that are unique together in `key`.',
    )
  }
  const strange = Object.keys(change.columns).find((name) => !target.some((each) => each.name === name))
  if (strange !== undefined) throw refuse(`The table ${change.to} has no column ${strange}.`, 'Look for a typing error.')
  const columns = target.flatMap((each) => {
    const same = !within && each.given && source.some((one) => one.name === each.name) ? copying.quote(each.name) : undefined
    const expression = change.columns[each.name] ?? same
    return expression === undefined ? [] : [{ ...each, expression }]
  })
  if (!target.some((each) => each.key > 0) || target.some((each) => each.key > 0 && !columns.some(({ name }) => name === each.name))) {
    throw refuse(`The table ${change.to} has no primary key, or one that is not filled.`, 'A row that is copied twice is told by its key.')
  }
  return { from: change.from, to: change.to, source, key, columns }
}
