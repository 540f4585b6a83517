/** Kills a real process that writes a journal, again and again in the same directory, and looks for what it was promised. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { openJournal } from '../src/ingest/journal.ts'
import { silentLog } from '../src/log.ts'

const KILLS = 20
const WRITER = fileURLToPath(new URL('journal-crash.writer.ts', import.meta.url))

let scratch = ''

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fairlead-crash-'))
  // Bundled once, because Node.js 20 runs no TypeScript and every round starts a process. The journal itself needs no package.
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: WRITER,
      outDir: join(scratch, 'writer'),
      target: 'node20',
      copyPublicDir: false,
      rolldownOptions: { output: { entryFileNames: 'writer.mjs' } },
    },
  })
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

test(
  `killed ${KILLS} times in full flight: what was acknowledged is there exactly once, and the chain holds`,
  { timeout: 120_000 },
  async () => {
    const directory = join(scratch, 'journal')
    /** Over all rounds: what each seq was read as, by the applier before a kill or by us after it. */
    const known = new Map<number, string>()
    const acknowledged = new Map<string, number>()
    let kills = 0
    // A kill while the writer still opens is worth a round, too, but does not count.
    for (let round = 1; kills < KILLS && round <= 5 * KILLS; round++) {
      const said = await killedWriter(directory, `${round}`)
      for (const line of said) {
        const [what, seq = '', id = ''] = line.split(' ')
        expect(line).toMatch(/^(open$|ack |applied )/)
        if (what === 'ack') acknowledged.set(id, Number(seq))
        if (what === 'applied') learn(known, Number(seq), id)
      }
      kills += said.length > 1 ? 1 : 0
      const journal = await openJournal({ directory, log: silentLog, clock: systemClock, segmentBytes: 256 * 1024, reserveBytes: 0 })
      const verified = await journal.verify()
      expect(verified.problems).toStrictEqual([])
      const records = await journal.read(journal.applied, { records: 1e9, bytes: 1e12 })
      for (const { seq, id } of records) learn(known, seq, id)
      // Not closed: a clean close would hand the next round an easier start than a crash does.
    }
    expect(kills).toBe(KILLS)
    expect(acknowledged.size).toBeGreaterThan(1000)
    expect([...acknowledged].filter(([id, seq]) => known.get(seq) !== id)).toStrictEqual([])
    expect(new Set(known.values()).size).toBe(known.size)
    // No hole either: every seq up to the last was somebody's.
    expect(Math.max(...known.keys())).toBe(known.size)
  },
)

/** Once read as durable, a seq keeps its record for ever. */
function learn(known: Map<number, string>, seq: number, id: string): void {
  const before = known.get(seq)
  if (before !== undefined && before !== id) throw new Error(`seq ${seq} was ${before} and became ${id}`)
  known.set(seq, id)
}

/** Runs the writer until a random moment after its first words; gives back its complete lines. */
async function killedWriter(directory: string, round: string): Promise<string[]> {
  const output = join(scratch, `said-${round}`)
  const file = await open(output, 'w')
  const child = spawn(process.execPath, [join(scratch, 'writer/writer.mjs'), directory, round], { stdio: ['ignore', file.fd, 'inherit'] })
  const exit = once(child, 'exit')
  await file.close()
  // Now and then while it still opens the journal, mostly in full flight.
  if (Math.random() > 0.1) while ((await stat(output)).size === 0 && child.exitCode === null) await sleep(5)
  await sleep(Math.random() * 200)
  child.kill('SIGKILL')
  await exit
  const text = await readFile(output, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
}
