import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'

/** One file `NNNN_verb_noun.sql`. Version and name are its identity and never change after a release. */
export interface Migration {
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
  /** As they stand in the file, before macros. */
  statements: string[]
}

export const SNAPSHOT_FILE = 'schema.snapshot.sql'
const NAME = /^(\d{4})_([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\.sql$/

/** Reads a folder of migrations, in order of their versions. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const files = await readdir(directory).catch((cause: unknown) => {
    throw new AppError('migration-failed', `The folder of migrations ${directory} cannot be read.`, {
      help: 'The installation is incomplete: install Fairlead again.',
      cause,
    })
  })
  const migrations: Migration[] = []
  for (const file of files.filter((each) => each.endsWith('.sql') && each !== SNAPSHOT_FILE).sort()) {
    const migration = parseMigration(file, await readFile(join(directory, file), 'utf8'))
    const twin = migrations.find((each) => each.version === migration.version)
    if (twin) throw malformed(file, `has the number of ${twin.file}`, 'Give it the next free number.')
    migrations.push(migration)
  }
  return migrations
}

export function parseMigration(file: string, content: string): Migration {
  const [, number = '', name = ''] = NAME.exec(file) ?? []
  if (number === '') throw malformed(file, 'is not named NNNN_verb_noun.sql', 'For example 0007_add_team_colour.sql.')
  // A checkout on Windows may turn line ends; that changes nothing.
  const text = content.replaceAll('\r\n', '\n')
  const header = readHeader(text)
  const why = header.get('why')
  if (!why) throw malformed(file, 'does not say why it is', 'Begin it with a line `-- why: …`.')
  const statements = text
    .split(/^--next$/m)
    .map((part) => part.trim())
    .filter((part) => part.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('--')))
  if (statements.length === 0) throw malformed(file, 'has no statement', 'Part its statements with lines that are exactly --next.')
  return {
    version: Number(number),
    name,
    file,
    checksum: createHash('sha256').update(text).digest('hex'),
    why,
    breaking: header.get('breaking') ?? null,
    destructive: header.get('destructive') ?? null,
    statements,
  }
}

/** The comment lines at the top: `-- key: text`, continued by comment lines without a key. */
function readHeader(text: string): Map<string, string> {
  const header = new Map<string, string>()
  let last: string | null = null
  for (const line of text.split('\n')) {
    const comment = /^-- ?(.*)$/.exec(line)?.[1]
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
