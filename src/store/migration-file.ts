import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { Dialect } from './dialect.ts'
import { loadSteps } from './migration-code.ts'
import type { MigrationStep } from './migration-step.ts'

/** One file `NNNN_verb_noun.sql`, or `.ts`. Module, version and name are its identity and never change after a release. */
export interface Migration {
  /** Whose numbers it is in: the program's own, or those of a plugin. */
  module: string
  version: number
  name: string
  file: string
  checksum: string
  /** What the people who run it should know. */
  why: string
  /** Set: a program that does not know this migration must not run on the schema. */
  breaking: string | null
  /** Set: it removes something that cannot be had back, and waits for a confirmation. */
  destructive: string | null
  /** Of SQL as they stand in the file, before macros; of TypeScript what it gives. */
  statements: readonly MigrationStep[]
  /** TypeScript: may take long, so it is never one transaction, and each step may run twice. */
  stepwise: boolean
}

/** The program's own migrations. */
export const FRAMEWORK = 'fairlead'
export const SNAPSHOT_FILE = 'schema.snapshot.sql'
const NAME = /^(\d{4})_([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\.(sql|ts)$/
const MODULE = /^[a-z][a-z0-9-]*$/

export interface MigrationFolder {
  /** `migrations/<dialect>`; each folder in it is a module of that name. */
  directory: string
  /** Where the same tree lies as the program runs it: `dist/migrations/<dialect>` when built. */
  code?: string
  module?: string
  dialect: Pick<Dialect, 'copying'>
}

/** All migrations in the order in which they run: the program's own, then each module's; of one module in the order of their versions. */
export async function readModules(folder: MigrationFolder): Promise<{ module: string; migrations: Migration[] }[]> {
  const own = folder.module ?? FRAMEWORK
  const modules = [{ module: own, migrations: await readMigrations(folder) }]
  const entries = await readdir(folder.directory, { withFileTypes: true })
  const names = entries.filter((each) => each.isDirectory() && MODULE.test(each.name)).map(({ name }) => name)
  for (const module of names.sort()) {
    const directory = join(folder.directory, module)
    if (module === own) throw malformed(module, 'is in a folder of the name of the program itself', 'Give the folder another name.')
    modules.push({
      module,
      migrations: await readMigrations({ ...folder, directory, code: join(folder.code ?? folder.directory, module), module }),
    })
  }
  return modules
}

/** Reads one folder of migrations, in order of their versions. */
export async function readMigrations({ directory, code = directory, module = FRAMEWORK, dialect }: MigrationFolder): Promise<Migration[]> {
  const files = await readdir(directory).catch((cause: unknown) => {
    throw new AppError('migration-failed', `The folder of migrations ${directory} cannot be read.`, {
      help: 'The installation is incomplete: install Fairlead again.',
      cause,
    })
  })
  const migrations: Migration[] = []
  for (const file of files.filter((each) => /\.(sql|ts)$/.test(each) && each !== SNAPSHOT_FILE).sort()) {
    const text = await readFile(join(directory, file), 'utf8')
    const migration = file.endsWith('.ts')
      ? parseCode(file, text, await loadSteps(code, file, dialect.copying), module)
      : parseMigration(file, text, module)
    const twin = migrations.find((each) => each.version === migration.version)
    if (twin) throw malformed(file, `has the number of ${twin.file}`, 'Give it the next free number.')
    migrations.push(migration)
  }
  return migrations
}

export function parseMigration(file: string, content: string, module: string = FRAMEWORK): Migration {
  const { text, ...head } = headOf(file, content, '--')
  const statements = text
    .split(/^--next$/m)
    .map((part) => part.trim())
    .filter((part) => part.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('--')))
  if (statements.length === 0) throw malformed(file, 'has no statement', 'Part its statements with lines that are exactly --next.')
  return { module, ...head, statements, stepwise: false }
}

function parseCode(file: string, content: string, statements: readonly MigrationStep[], module: string): Migration {
  const { text: _text, ...head } = headOf(file, content, '//')
  if (statements.length === 0) throw malformed(file, 'has no step', 'What it gives is a list of steps.')
  return { module, ...head, statements, stepwise: true }
}

/** The checksum is that of the source, so it is the same whether the program runs from it or from a build. */
function headOf(file: string, content: string, comment: string): Omit<Migration, 'module' | 'statements' | 'stepwise'> & { text: string } {
  const [, number = '', name = ''] = NAME.exec(file) ?? []
  if (number === '') throw malformed(file, 'is not named NNNN_verb_noun.sql', 'For example 0007_add_team_colour.sql, or .ts.')
  // A checkout on Windows may turn line ends; that changes nothing.
  const text = content.replaceAll('\r\n', '\n')
  const header = readHeader(text, comment)
  const why = header.get('why')
  if (!why) throw malformed(file, 'does not say why it is', `Begin it with a line \`${comment} why: …\`.`)
  return {
    version: Number(number),
    name,
    file,
    checksum: createHash('sha256').update(text).digest('hex'),
    why,
    breaking: header.get('breaking') ?? null,
    destructive: header.get('destructive') ?? null,
    text,
  }
}

/** The comment lines at the top: `-- key: text`, continued by comment lines without a key. */
function readHeader(text: string, mark: string): Map<string, string> {
  const header = new Map<string, string>()
  let last: string | null = null
  for (const line of text.split('\n')) {
    const comment = line.startsWith(mark) ? line.slice(mark.length).replace(/^ /, '') : undefined
    if (comment === undefined) break
    const [, key, value] = /^(why|breaking|destructive):\s*(.*)$/.exec(comment) ?? []
    if (key !== undefined) header.set(key, value ?? '')
    else if (last !== null) header.set(last, `${header.get(last)} ${comment.trim()}`.trim())
    last = key ?? last
  }
  return header
}

const MACRO = /\{\{([a-z_]+)(?::([^{}]*))?\}\}/g

/** Replaces `{{name}}` and `{{name:argument}}` by what the dialect says for this topology. */
export function expandMacros(sql: string, macro: (name: string, argument: string) => string | null, file: string): string {
  return sql.replace(MACRO, (all, name: string, argument: string | undefined) => {
    const text = macro(name, argument?.trim() ?? '')
    if (text === null) throw malformed(file, `uses ${all}, which this store does not have`, 'Look for a typing error.')
    return text
  })
}

function malformed(file: string, what: string, help: string): AppError {
  return new AppError('migration-failed', `The migration ${file} ${what}.`, { help, detail: { file } })
}
