import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Who may import whom. A folder may import itself, and what its row names; packages and node: are judged below. */
const ROOT = resolve(import.meta.dirname, '..')
const PLAIN = [
  'src/errors.ts',
  'src/closing.ts',
  'src/secret.ts',
  'src/clock.ts',
  'src/log.ts',
  'src/config.ts',
  'src/program.ts',
  'src/account/role.ts',
]
const CONTRACTS = ['src/connector.ts', 'src/paging.ts', 'src/table-walk.ts', 'src/signature.ts', 'src/metric.ts']
const MACHINERY = [
  'src/source',
  'src/account',
  'src/ingest',
  'src/measure',
  'src/report',
  'src/operate',
  'src/settings',
  'src/team',
  'src/people',
  'src/lake',
]
const MAY: Record<string, readonly string[]> = {
  domain: [],
  'src/errors.ts': [],
  'src/secret.ts': [],
  'src/clock.ts': [],
  'src/program.ts': [],
  'src/closing.ts': ['src/log.ts'],
  'src/account/role.ts': [],
  'src/log.ts': PLAIN,
  'src/config.ts': PLAIN,
  'src/connector.ts': ['domain', ...PLAIN],
  'src/paging.ts': ['src/connector.ts'],
  'src/table-walk.ts': ['domain', 'src/connector.ts', 'src/paging.ts'],
  'src/signature.ts': ['src/secret.ts'],
  'src/metric.ts': ['domain', ...PLAIN],
  'src/git': ['domain', ...PLAIN, ...CONTRACTS],
  'src/registry.ts': ['domain', ...PLAIN, ...CONTRACTS],
  'src/store': ['domain', ...PLAIN],
  ...Object.fromEntries(
    MACHINERY.map((folder) => [folder, ['domain', ...PLAIN, ...CONTRACTS, 'src/registry.ts', 'src/git', 'src/store', ...MACHINERY]]),
  ),
  'src/api': ['domain', ...PLAIN, ...CONTRACTS, 'src/registry.ts', 'src/signature.ts', 'src/store', ...MACHINERY],
  'src/main.ts': ['domain', ...PLAIN, ...CONTRACTS, 'src/registry.ts', 'src/git', 'src/store', ...MACHINERY, 'src/api'],
  'src/cli': ['domain', ...PLAIN, ...CONTRACTS, 'src/registry.ts', 'src/git', 'src/store', ...MACHINERY, 'src/api', 'src/main.ts'],
  connectors: [
    'domain',
    'src/errors.ts',
    'src/secret.ts',
    'src/clock.ts',
    'src/log.ts',
    'src/connector.ts',
    'src/paging.ts',
    'src/table-walk.ts',
    'src/signature.ts',
    'src/git',
  ],
  metrics: ['domain', 'src/metric.ts'],
  migrations: ['src/store/migration-step.ts'],
  web: ['src/metric.ts', 'src/account/role.ts', 'src/api', ...MACHINERY],
}
/** Packages that only one place may touch. */
const ONLY_IN: Record<string, string> = {
  pg: 'src/store',
  mysql2: 'src/store',
  '@clickhouse/client': 'src/store',
  chdb: 'src/store',
  'fs-native-extensions': 'src/store',
  commander: 'src/cli',
  'cli-table3': 'src/cli',
  '@hono/node-server': 'src/cli',
  pino: 'src/log.ts',
  react: 'web',
  echarts: 'web',
}

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name) && !entry.parentPath.includes('.fixture'),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

const IMPORT = /^\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm
const FILES = ['domain', 'src', 'connectors', 'metrics', 'migrations', 'web/src'].flatMap(filesBelow)
const IMPORTS: Import[] = FILES.flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)].map((match) => ({
    file,
    target: (match[2] ?? match[3]) as string,
    typeOnly: match[1] !== undefined,
  })),
)

/** The row of the table that a file belongs to: the longest that fits. */
function placeOf(file: string): string | undefined {
  return Object.keys(MAY)
    .filter((place) => file === place || file.startsWith(`${place}/`))
    .sort((a, b) => b.length - a.length)[0]
}

function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, target, typeOnly }) => {
    const from = placeOf(file)
    if (from === undefined) return [`${file} belongs to no row of the table`]
    if (!target.startsWith('.')) {
      const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] as string)
      const home = ONLY_IN[name]
      return home === undefined || typeOnly || file === home || file.startsWith(`${home}/`)
        ? []
        : [`${file} imports ${target}, which only ${home} may`]
    }
    const path = relative(ROOT, resolve(ROOT, dirname(file), target))
    const to = placeOf(path)
    if (to === from || (to !== undefined && (MAY[from] ?? []).includes(to))) return []
    return [`${file} imports ${path}`]
  })
}

test('there is something to judge', () => {
  expect(FILES.length).toBeGreaterThan(80)
  expect(IMPORTS.length).toBeGreaterThan(300)
})

test('every import is one that the table allows', () => {
  expect(violations(IMPORTS)).toEqual([])
})

test('the judge would see a wrong import', () => {
  const wrong = [
    { file: 'metrics/change-lead-time.ts', target: '../src/store/analytics.ts', typeOnly: false },
    { file: 'src/store/rows.ts', target: '../measure/measure.ts', typeOnly: false },
    { file: 'src/measure/measure.ts', target: 'pg', typeOnly: false },
    { file: 'web/src/app.tsx', target: '../../src/main.ts', typeOnly: true },
    { file: 'elsewhere/file.ts', target: '../src/main.ts', typeOnly: false },
  ]
  expect(violations(wrong)).toHaveLength(wrong.length)
})

test('the page takes only types from the server, and the table of roles, which is plain', () => {
  const taken = IMPORTS.filter(({ file, target, typeOnly }) => file.startsWith('web/') && /^(\.\.\/)+src\//.test(target) && !typeOnly)
  expect(new Set(taken.map(({ target }) => target.replace(/^(\.\.\/)+/, '')))).toEqual(new Set(['src/account/role.ts']))
})

test('the environment is read in one file; a connector never calls fetch; nothing re-exports a whole file', () => {
  const sources = FILES.filter((file) => !file.startsWith('web/')).map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }))
  const having = (pattern: RegExp, among = sources) => among.filter(({ text }) => pattern.test(text)).map(({ file }) => file)
  expect(having(/process\.env\b/)).toEqual(['src/config.ts'])
  expect(
    having(
      /\bfetch\(/,
      sources.filter(({ file }) => file.startsWith('connectors/')),
    ),
  ).toEqual([])
  expect(having(/^export \* from/m)).toEqual([])
  expect(having(/: any[\s,;)\]>]*$|: any[,;)\]>]|\bas any\b|<any>|@ts-(ignore|nocheck|expect-error)/m)).toEqual([])
})
