import { cp, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixedClock } from '../clock.ts'
import { type Log, silentLog } from '../log.ts'
import { type Journal, type JournalItem, type JournalOptions, type JournalRecord, openJournal } from './journal.ts'

const ALL = { records: 1_000_000, bytes: 1_000_000_000 }
const HEADER_BYTES = 68
const RECORD_HEAD_BYTES = 44
const FIRST = '0000000000000001.journal'

let scratch = ''
let directory = ''

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fairlead-journal-'))
  directory = join(scratch, 'journal')
})
afterEach(() => rm(scratch, { recursive: true, force: true }))

function openHere(options: Partial<JournalOptions> = {}): Promise<Journal> {
  return openJournal({ directory, log: silentLog, clock: fixedClock(0), reserveBytes: 0, ...options })
}

function item(id: string, payload: Uint8Array = Buffer.from(`payload of ${id}`)): JournalItem {
  return {
    org: 'o',
    source: 's',
    connector: 'github',
    stream: 'pushes',
    id,
    at: null,
    received_at: '2026-01-01T00:00:00.000Z',
    headers: null,
    payload,
  }
}

const seqs = (records: readonly JournalRecord[]): number[] => records.map(({ seq }) => seq)

/** Deterministic, so that a failure can be had again. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

async function flip(file: string, bit: number): Promise<void> {
  const handle = await open(file, 'r+')
  const byte = Buffer.alloc(1)
  await handle.read(byte, 0, 1, bit >> 3)
  byte.writeUInt8(byte.readUInt8() ^ (1 << (bit & 7)))
  await handle.write(byte, 0, 1, bit >> 3)
  await handle.close()
}

const flipByte = (file: string, offset: number): Promise<void> => flip(file, offset * 8)

/** Where the record with this payload begins. */
async function offsetOf(file: string, payload: string): Promise<number> {
  const bytes = await readFile(file)
  const sync = bytes.subarray(24, 32)
  return bytes.lastIndexOf(sync, bytes.indexOf(payload))
}

/** A journal of three segments and 30 records, as if its process had been killed: never closed, no checkpoint. */
async function killed(options: Partial<JournalOptions> = {}): Promise<JournalRecord[]> {
  const live = join(scratch, 'live')
  const journal = await openHere({ directory: live, segmentBytes: 2500, ...options })
  const roll = dice(7)
  for (let n = 0; n < 15; n++) await journal.append([item(`${n}/a`, Buffer.alloc(roll(120), n)), item(`${n}/b`)])
  const records = await journal.read(0, ALL)
  await cp(live, directory, { recursive: true })
  await journal.close()
  return records
}

describe('one flipped bit', () => {
  test('anywhere, a thousand times, while the journal is open: verify reports it and read never lies', { timeout: 120_000 }, async () => {
    const truth = await killed()
    const journal = await openHere({ segmentBytes: 2500 })
    const files = (await readdir(directory)).filter((name) => name.endsWith('.journal'))
    expect(files.length).toBeGreaterThanOrEqual(3)
    const roll = dice(42)
    for (let n = 0; n < 1000; n++) {
      const file = join(directory, files[n % files.length] ?? '')
      const bit = roll((await stat(file)).size * 8)
      await flip(file, bit)
      const { problems } = await journal.verify()
      expect(problems, `bit ${bit} of ${file}`).not.toStrictEqual([])
      const records = await journal.read(0, ALL)
      expect(records).toStrictEqual(truth.filter(({ seq }) => seqs(records).includes(seq)))
      // One record at the most: damage never reaches beyond the record it is in.
      expect(records.length, `bit ${bit} of ${file}`).toBeGreaterThanOrEqual(truth.length - 1)
      await flip(file, bit)
    }
    expect((await journal.verify()).problems).toStrictEqual([])
    expect(await journal.read(0, ALL)).toStrictEqual(truth)
    await journal.close()
  })

  test('found at the next start: reported, left out, and the journal goes on', { timeout: 120_000 }, async () => {
    const truth = await killed()
    await (await openHere({ segmentBytes: 2500 })).close()
    const files = (await readdir(directory)).filter((name) => name.endsWith('.journal'))
    const roll = dice(43)
    for (let n = 0; n < 150; n++) {
      const at = join(scratch, `copy-${n}`)
      await cp(directory, at, { recursive: true })
      const name = files[n % files.length] ?? ''
      const bit = roll((await stat(join(at, name))).size * 8)
      await flip(join(at, name), bit)
      const journal = await openHere({ directory: at, segmentBytes: 2500 })
      const { problems } = await journal.verify()
      expect(problems, `bit ${bit} of ${name}`).not.toStrictEqual([])
      expect(await journal.append([item('after')])).toStrictEqual({ first: 31, last: 31 })
      const records = await journal.read(0, ALL)
      expect(records.at(-1)).toMatchObject({ seq: 31, id: 'after' })
      const old = records.slice(0, -1)
      expect(old).toStrictEqual(truth.filter(({ seq }) => seqs(old).includes(seq)))
      expect(old.length).toBeGreaterThanOrEqual(truth.length - 1)
      await journal.close()
      await rm(at, { recursive: true })
    }
  })
})

describe('a torn tail', () => {
  test('cut at every byte of the last group: all before it is there, of the group only whole calls', { timeout: 120_000 }, async () => {
    const live = join(scratch, 'live')
    const journal = await openHere({ directory: live })
    await journal.append([item('a')])
    await journal.append([item('b')])
    const start = (await stat(join(live, FIRST))).size
    await Promise.all([journal.append([item('c')]), journal.append([item('d'), item('e')])])
    await cp(live, directory, { recursive: true })
    const { lastChain } = journal.stats()
    await journal.close()
    const end = (await stat(join(directory, FIRST))).size
    const seen = new Set<string>()
    for (let size = start; size <= end; size++) {
      const at = join(scratch, `cut-${size}`)
      await cp(directory, at, { recursive: true })
      await truncate(join(at, FIRST), size)
      const again = await openHere({ directory: at })
      const found = (await again.read(0, ALL)).map(({ id }) => id).join('')
      seen.add(found)
      expect(again.stats().broken).toBeNull()
      expect(again.stats().lastChain === lastChain).toBe(size === end)
      expect(await again.append([item('z')])).toStrictEqual({ first: found.length + 1, last: found.length + 1 })
      expect((await again.verify()).problems).toStrictEqual([])
      await again.close()
      await rm(at, { recursive: true })
    }
    expect([...seen]).toStrictEqual(['ab', 'abc', 'abcde'])
  })

  test('pages of the last group that a power cut left as zeros, with whole records behind them', async () => {
    const live = join(scratch, 'live')
    const journal = await openHere({ directory: live })
    await journal.append([item('a')])
    const start = (await stat(join(live, FIRST))).size
    await Promise.all(['b', 'c', 'd', 'e'].map((id) => journal.append([item(id, Buffer.alloc(3000, id))])))
    await cp(live, directory, { recursive: true })
    await journal.close()
    const bytes = await readFile(join(directory, FIRST))
    bytes.fill(0, start + 4000, start + 5000)
    await writeFile(join(directory, FIRST), bytes)
    const events: string[] = []
    const again = await openHere({ log: { ...silentLog, warn: (event) => events.push(event) } })
    expect(seqs(await again.read(0, ALL))).toStrictEqual([1, 2])
    expect(events).toContain('journal.tail-cut')
    expect(again.stats()).toMatchObject({ head: 2, broken: null })
    expect((await again.verify()).problems).toStrictEqual([])
    await again.close()
  })

  test('stale records of a group that was taken back do not come to life behind the newer ones', async () => {
    const truth = await killed({ segmentBytes: 1_000_000 })
    const file = join(directory, FIRST)
    const stale = await readFile(file)
    // Written shorter the second time: whole records of the first try stand behind the end.
    await truncate(file, await offsetOf(file, '14/a'))
    const again = await openHere()
    await again.append([item('short')])
    await cp(directory, join(scratch, 'torn'), { recursive: true })
    const { size } = await stat(join(scratch, 'torn', FIRST))
    await writeFile(join(scratch, 'torn', FIRST), stale.subarray(await offsetOf(file, 'payload of 14/b')), { flag: 'a' })
    expect((await stat(join(scratch, 'torn', FIRST))).size).toBeGreaterThan(size)
    await again.close()
    const third = await openHere({ directory: join(scratch, 'torn') })
    expect((await third.read(0, ALL)).map(({ id }) => id)).toStrictEqual([...truth.slice(0, 28).map(({ id }) => id), 'short'])
    expect((await third.verify()).problems).toStrictEqual([])
    await third.close()
  })

  test.each([0, 20, HEADER_BYTES])('a new segment of %i bytes whose header never got to the disk', async (size) => {
    const truth = await killed()
    await writeFile(join(directory, '0000000000000031.journal'), Buffer.alloc(size))
    const journal = await openHere({ segmentBytes: 2500 })
    expect(await journal.append([item('after')])).toStrictEqual({ first: 31, last: 31 })
    expect((await journal.read(0, ALL)).slice(0, -1)).toStrictEqual(truth)
    expect((await journal.verify()).problems).toStrictEqual([])
    await journal.close()
  })
})

describe('damage to what was acknowledged', () => {
  test('the record alone is left out, the log says so once, the file is kept as it is and set aside later', async () => {
    const truth = await killed()
    const file = join(directory, FIRST)
    await flipByte(file, (await readFile(file)).indexOf('payload of 2/b'))
    const damaged = await readFile(file)
    const events: [string, unknown][] = []
    const log: Log = { ...silentLog, error: (event, fields) => events.push([event, fields]) }
    const journal = await openHere({ log, segmentBytes: 2500 })
    expect(seqs(await journal.read(0, ALL))).toStrictEqual(seqs(truth).filter((seq) => seq !== 6))
    await journal.read(4, ALL)
    expect(events).toMatchObject([['journal.corrupt', { segment: file, from: 6, to: 6, why: 'checksum differs' }]])
    expect(journal.stats().broken).toContain('seq 6')
    await journal.checkpoint(30)
    expect(await readFile(`${file}.corrupt`)).toStrictEqual(damaged)
    expect((await journal.verify()).problems).toHaveLength(1)
    await journal.close()
  })

  test('a follower gets past it without going round in circles', { timeout: 10_000 }, async () => {
    await killed()
    const journal = await openHere({ segmentBytes: 1_000_000 })
    await journal.checkpoint(30)
    await journal.append([item('lost')])
    const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.journal')).slice(-1)
    await flipByte(join(directory, file), (await readFile(join(directory, file))).indexOf('payload of lost'))
    expect(await journal.read(30, ALL)).toStrictEqual([])
    let woken = false
    const more = journal.waitForMore(30, new AbortController().signal).then(() => (woken = true))
    await journal.read(30, ALL)
    expect(woken).toBe(false)
    await journal.append([item('next')])
    await more
    expect(seqs(await journal.read(30, ALL))).toStrictEqual([32])
    await journal.checkpoint(32)
    expect(journal.stats().pendingBytes).toBe(0)
    await journal.close()
  })

  test.each([
    ['its body', RECORD_HEAD_BYTES + 3],
    ['its length', 17],
    ['its sync', 2],
  ])('the last record of a journal that was closed, in %s: reported, not cut off, its seq not used again', async (_, offset) => {
    await killed()
    await (await openHere()).close()
    const [name = ''] = (await readdir(directory)).filter((entry) => entry.endsWith('.journal')).slice(-1)
    const file = join(directory, name)
    await flipByte(file, (await offsetOf(file, 'payload of 14/b')) + offset)
    const before = await readFile(file)
    const journal = await openHere()
    expect(journal.stats()).toMatchObject({ head: 30, broken: expect.stringContaining('seq 30') })
    expect(await journal.append([item('after')])).toStrictEqual({ first: 31, last: 31 })
    expect(await readFile(file)).toStrictEqual(before)
    expect(seqs(await journal.read(27, ALL))).toStrictEqual([28, 29, 31])
    await journal.checkpoint(31)
    expect(await readFile(`${file}.corrupt`)).toStrictEqual(before)
    expect((await journal.verify()).problems).toHaveLength(1)
    await journal.close()
  })

  test('a head that is gone: the reader finds the next record, and no payload can pass for one', async () => {
    await killed({ segmentBytes: 1_000_000 })
    const forged = (await readFile(join(directory, FIRST))).subarray(HEADER_BYTES)
    await rm(directory, { recursive: true })
    const journal = await openHere()
    await journal.append([item('a')])
    // Whole, valid records with the seq that is due: a sender may put such bytes into a payload.
    await journal.append([item('b', forged)])
    await journal.append([item('c', Buffer.alloc(600_000, 'c'))])
    await journal.append([item('d')])
    const file = join(directory, FIRST)
    const second = (await readFile(file)).indexOf(forged) - 200
    const start = (await readFile(file)).indexOf((await readFile(file)).subarray(24, 32), second)
    await flipByte(file, start + 17)
    expect((await journal.read(0, ALL)).map(({ seq, id }) => [seq, id])).toStrictEqual([
      [1, 'a'],
      [3, 'c'],
      [4, 'd'],
    ])
    expect((await journal.verify()).problems).toHaveLength(1)
    await journal.close()
  })

  test('the next record is found wherever it lies in the chunks of the search', async () => {
    const journal = await openHere()
    await journal.append([item('a', Buffer.alloc(0))])
    const overhead = (await stat(join(directory, FIRST))).size - HEADER_BYTES
    const chunk = 256 * 1024
    for (const bytes of [chunk - 44, chunk - 43, chunk - 20, chunk, chunk + 1, chunk + 2, 3 * chunk - 60]) {
      const start = (await stat(join(directory, FIRST))).size
      const { first } = await journal.append([item('b', Buffer.alloc(bytes - overhead, 'b'))])
      await journal.append([item('c')])
      await flipByte(join(directory, FIRST), start)
      expect(seqs(await journal.read(first - 1, ALL))).toStrictEqual([first + 1])
    }
    await journal.close()
  })

  test.each([
    ['a payload', 'payload of 5/b', 'payment of 5/b', 'seq 12: the payload does not match its digest'],
    ['a field', '"5/b"', '"5/c"', 'seq 12: the chain is broken'],
  ])('%s that somebody changed together with the checksums', async (_, from, to, problem) => {
    await killed({ segmentBytes: 1_000_000 })
    const file = join(directory, FIRST)
    const start = await offsetOf(file, from)
    const bytes = await readFile(file)
    bytes.write(to, bytes.indexOf(from))
    const record = bytes.subarray(start, bytes.indexOf(bytes.subarray(24, 32), start + 1))
    record.writeUInt32LE(crc32(record.subarray(44)), 36)
    record.writeUInt32LE(crc32(record.subarray(0, 40)), 40)
    await writeFile(file, bytes)
    const journal = await openHere()
    expect((await journal.verify()).problems).toStrictEqual([`${FIRST}: ${problem}`])
    await journal.close()
  })

  test('a segment that is missing', async () => {
    const truth = await killed()
    const [, second = '', third = ''] = (await readdir(directory)).filter((name) => name.endsWith('.journal'))
    await rename(join(directory, second), join(scratch, 'elsewhere'))
    const journal = await openHere({ segmentBytes: 2500 })
    const [from, to] = [Number.parseInt(second, 10), Number.parseInt(third, 10)]
    expect(await journal.read(0, ALL)).toStrictEqual(truth.filter(({ seq }) => seq < from || seq >= to))
    expect(journal.stats().broken).toContain(`${from}–${to - 1}`)
    expect((await journal.verify()).problems).not.toStrictEqual([])
    await journal.close()
  })

  test('a newest segment that was emptied or made unreadable: numbering goes on behind what was acknowledged', async () => {
    await killed()
    await (await openHere()).close()
    const [name = ''] = (await readdir(directory)).filter((entry) => entry.endsWith('.journal')).slice(-1)
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(5000)]) {
      const at = join(scratch, `unreadable-${bytes.length}`)
      await cp(directory, at, { recursive: true })
      await writeFile(join(at, name), bytes)
      const journal = await openHere({ directory: at })
      expect(journal.stats().head).toBe(30)
      expect(await journal.append([item('after')])).toStrictEqual({ first: 31, last: 31 })
      const found = seqs(await journal.read(0, ALL))
      expect(found.at(-1)).toBe(31)
      expect(found.slice(0, -1)).toStrictEqual(Array.from({ length: Number.parseInt(name, 10) - 1 }, (_, n) => n + 1))
      expect((await journal.verify()).problems).not.toStrictEqual([])
      await journal.close()
    }
  })

  test('a file that was cut off under an open journal', async () => {
    const truth = await killed({ segmentBytes: 1_000_000 })
    const journal = await openHere()
    const at = await offsetOf(join(directory, FIRST), 'payload of 9/b')
    await truncate(join(directory, FIRST), at + 10)
    expect(await journal.read(0, ALL)).toStrictEqual(truth.slice(0, 19))
    expect((await journal.verify()).problems).not.toStrictEqual([])
    await journal.close()
  })
})
