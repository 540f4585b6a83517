/**
 * The victim of `journal-crash.test.ts`: appends with many callers until it is killed. Standard output is a file, so that what
 * it said before the kill is not lost in a pipe: `ack <seq> <id>` when an append resolves, `applied <seq> <id>` before the
 * checkpoint that covers it.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../src/clock.ts'
import { openJournal } from '../src/ingest/journal.ts'

const CALLERS = 32
const [, , directory = '', round = ''] = process.argv

const journal = await openJournal({
  directory,
  log: { info() {}, warn() {}, error: (event, fields) => say(`error ${event} ${JSON.stringify(fields)}`) },
  clock: systemClock,
  segmentBytes: 256 * 1024,
  reserveBytes: 0,
})
say('open')
await Promise.all([...Array.from({ length: CALLERS }, (_, caller) => append(caller)), apply()])

async function append(caller: number): Promise<void> {
  for (let call = 0; ; call++) {
    const items = Array.from({ length: 1 + ((caller + call) % 3) }, (_, n) => ({
      org: 'org',
      source: 'source',
      connector: 'github',
      stream: 'pushes',
      id: `${round}/${caller}/${call}/${n}`,
      at: null,
      received_at: new Date().toISOString(),
      headers: { caller: `${caller}` },
      payload: Buffer.alloc((caller * 97 + call * 31) % 3000, caller),
    }))
    const { first } = await journal.append(items)
    say(items.map(({ id }, n) => `ack ${first + n} ${id}`).join('\n'))
  }
}

async function apply(): Promise<void> {
  for (;;) {
    const records = await journal.read(journal.applied, { records: 500, bytes: 200_000 })
    const last = records.at(-1)
    if (last === undefined) await journal.waitForMore(journal.applied, new AbortController().signal)
    else {
      say(records.map(({ seq, id }) => `applied ${seq} ${id}`).join('\n'))
      await journal.checkpoint(last.seq)
    }
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}
