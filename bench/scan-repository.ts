import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What the generated history is like: about the measures of a web framework of fifteen years. */
const FILES = 600
const DIRECTORIES = 40
/** Of 100 commits, how many are merges of a side branch. */
const MERGES = 12
const COMMITS_A_RELEASE = 25

/** A generator that gives the same numbers everywhere (mulberry32), so that two machines measure the same repository. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const WORDS =
  'return const await request response error value index options this.emit length null config stream buffer encode header'.split(' ')

/** Writes a bare repository of so many commits, with tags, by `git fast-import`; packed as a clone would be. */
export async function generate(folder: string, commits: number): Promise<string> {
  const path = join(folder, 'generated.git')
  await git(['init', '--quiet', '--bare', '--initial-branch=main', path])
  const importing = spawn('git', ['-C', path, 'fast-import', '--quiet'], { stdio: ['pipe', 'inherit', 'inherit'] })
  const done = once(importing, 'close')
  for (const text of history(commits)) if (!importing.stdin.write(text)) await once(importing.stdin, 'drain')
  importing.stdin.end()
  const [code] = (await done) as [number | null]
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`)
  await git(['-C', path, 'repack', '-adfq', '--depth=50', '--window=10'])
  await git(['-C', path, 'pack-refs', '--all'])
  return path
}

function* history(commits: number): Generator<string> {
  const random = numbers(20260101)
  const line = () => `  ${Array.from({ length: 2 + random(7) }, () => WORDS[random(WORDS.length)]).join(' ')}`
  const files = Array.from({ length: FILES }, (_, index) => ({
    path: `lib/part${index % DIRECTORIES}/file${index}.ts`,
    lines: [] as string[],
  }))
  let at = Date.UTC(2012, 0, 2, 9) / 1000
  let side: number | null = null
  for (let mark = 1; mark <= commits; mark++) {
    at += 600 + random(86_400)
    const who = `Person ${random(40)} <person${random(40)}@example.org>`
    const isMerge: boolean = side !== null && random(100) < MERGES
    // A side branch is one commit beside the main line, merged a little later.
    const isSide: boolean = !isMerge && side === null && mark > 2 && random(100) < 2 * MERGES
    const changed = isMerge
      ? []
      : Array.from({ length: mark === 1 ? 60 : 1 + random(4) }, () => files[Math.min(random(FILES), random(FILES))])
    const subject = random(60) === 0 && mark > 1 ? `Revert "Change ${mark - 1}"` : `Change ${mark}`
    const branch: string = isSide ? 'refs/heads/side' : 'refs/heads/main'
    yield `commit ${branch}\nmark :${mark}\ncommitter ${who} ${at} +0000\n${data(`${subject}\n\nFor a reason.\n`)}`
    if (isSide) yield `from :${mark - 1}\n`
    if (isMerge) yield `merge :${side}\n`
    for (const file of new Set(changed)) {
      if (file === undefined) continue
      edit(file.lines, random, line)
      yield `M 100644 inline ${file.path}\n${data(`${file.lines.join('\n')}\n`)}`
    }
    yield '\n'
    if (isMerge) side = null
    else if (isSide) side = mark
    if (!isSide && mark % COMMITS_A_RELEASE === 0) yield `reset refs/tags/v1.${mark / COMMITS_A_RELEASE}.0\nfrom :${mark}\n\n`
  }
}

/** A new file has 80 to 780 lines; a change replaces a few of them at two places and adds a few. */
function edit(lines: string[], random: (below: number) => number, line: () => string): void {
  if (lines.length === 0) lines.push(...Array.from({ length: 80 + random(700) }, line))
  else
    for (let hunk = 0; hunk < 2; hunk++) lines.splice(random(lines.length), 1 + random(3), ...Array.from({ length: 1 + random(4) }, line))
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}

export async function git(args: readonly string[]): Promise<void> {
  const [code] = (await once(spawn('git', args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close')) as [number | null]
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}`)
}
