import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The Markdown of the repository, for the tests that hold it to the program. */
export const ROOT = join(import.meta.dirname, '..')

export interface Block {
  readonly language: string
  /** From ```ts file=PATH. */
  readonly file: string | null
  readonly text: string
}

const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.fairlead'])

export function markdownFiles(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return markdownFiles(path)
    return entry.name.endsWith('.md') ? [relative(ROOT, path)] : []
  })
}

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

export function blocksOf(path: string): Block[] {
  return [...readDocument(path).matchAll(/^```(\w*)(?: file=(\S+))?\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    file: match[2] ?? null,
    text: match[3] ?? '',
  }))
}

/** The commands of the shell blocks, one each; a line that ends with \ goes on. */
export function commandsOf(path: string): string[][] {
  return blocksOf(path)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .map(wordsOf)
    .filter((words) => words.length > 0)
}

/** Words as a shell parts them, with both kinds of quotes; what stands behind # is a comment. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  for (const [piece, single, double] of line.matchAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\s+|[^\s'"]+/g)) {
    if (/^\s+$/.test(piece)) {
      if (word !== null) words.push(word)
      word = null
    } else if (word === null && piece.startsWith('#')) return words
    else word = (word ?? '') + (single ?? double?.replaceAll(/\\(.)/g, '$1') ?? piece)
  }
  if (word !== null) words.push(word)
  return words
}
