import { hash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixedClock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { silentLog } from '../log.ts'
import {
  chainHash,
  type Journal,
  type JournalIo,
  type JournalItem,
  type JournalOptions,
  type JournalRecord,
  openJournal,
} from './journal.ts'

/** One file: every part opens, fills and breaks a journal by the same few helpers. What bytes may do to it is in journal-damage.test.ts. */
const GENESIS = '0'.repeat(64)
const ALL = { records: 1_000_000, bytes: 1_000_000_000 }

let scratch = ''
let directory = ''
const opened: Journal[] = []

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fairlead-journal-'))
  directory = join(scratch, 'journal')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close()))
  await rm(scratch, { recursive: true, force: true })
})

async function openHere(options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({ directory, log: silentLog, clock: fixedClock(0), reserveBytes: 0, ...options })
  opened.push(journal)
  return journal
}

function item(id: string, payload: Uint8Array = Buffer.from(`payload of ${id}`)): JournalItem {
  return {
    org: 'org-1',
    source: 'source-1',
    connector: 'github',
    stream: 'pushes',
    id,
    at: '2026-01-01T00:00:00.000Z',
    received_at: '2026-01-01T00:00:01.000Z',
    headers: { 'x-github-event': 'push' },
    payload,
  }
}

const items = (...ids: string[]): JournalItem[] => ids.map((id) => item(id))
const ids = (records: readonly JournalRecord[]): string[] => records.map(({ id }) => id)

function plain(record: JournalRecord): JournalItem {
  const { org, source, connector, stream, id, at, received_at, headers, payload } = record
  return { org, source, connector, stream, id, at, received_at, headers, payload: new Uint8Array(payload) }
}

const failure = (code: string): Error => Object.assign(new Error(`${code}: i/o error`), { code })

const writeThrough: JournalIo['write'] = async (handle, bytes, position) =>
  (await handle.write(bytes, 0, bytes.byteLength, position)).bytesWritten

async function refusal(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => new Error('it was accepted'),
    (error: unknown) => error,
  )
  if (thrown instanceof AppError) return thrown
  throw thrown
}

/** A promise and the key to it. */
function gate(): { promise: Promise<void>; open: () => void } {
  const waiting: (() => void)[] = []
  return {
    promise: new Promise((resolve) => {
      waiting.push(resolve)
    }),
    open: () => waiting[0]?.(),
  }
}

describe('append and read', () => {
  test('gives back what was appended, numbered from 1 and chained from 64 zeros', async () => {
    const journal = await openHere()
    expect(await journal.append(items('a', 'b'))).toStrictEqual({ first: 1, last: 2 })
    expect(await journal.append([{ ...item('c'), at: null, headers: null, payload: new Uint8Array() }])).toStrictEqual({
      first: 3,
      last: 3,
    })
    const records = await journal.read(0, ALL)
    expect(records.map(({ seq, id }) => [seq, id])).toStrictEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
    expect(records[2]).toMatchObject({ at: null, headers: null })
    let chain = GENESIS
    for (const record of records) {
      chain = chainHash(chain, record)
      expect(record.chain).toBe(chain)
    }
    expect(journal.stats()).toMatchObject({ head: 3, applied: 0, segments: 1, lastChain: chain, broken: null })
    expect(await journal.verify()).toStrictEqual({ records: 3, first: 1, last: 3, problems: [] })
  })

  test('an empty call is an empty range', async () => {
    const journal = await openHere()
    await journal.append(items('a'))
    expect(await journal.append([])).toStrictEqual({ first: 2, last: 1 })
  })

  test('keeps to the limits, but always gives one record', async () => {
    const journal = await openHere()
    await journal.append([item('a', Buffer.alloc(300_000)), item('b', Buffer.alloc(300_000)), item('c')])
    expect(ids(await journal.read(0, { records: 2, bytes: 1e9 }))).toStrictEqual(['a', 'b'])
    expect(ids(await journal.read(0, { records: 10, bytes: 400_000 }))).toStrictEqual(['a'])
    expect(ids(await journal.read(0, { records: 10, bytes: 10 }))).toStrictEqual(['a'])
    expect(ids(await journal.read(1, { records: 10, bytes: 400_000 }))).toStrictEqual(['b', 'c'])
    expect(await journal.read(3, ALL)).toStrictEqual([])
  })

  test('a payload of 26 MB, larger than a segment', async () => {
    const payload = Buffer.alloc(26_000_000, 'fairlead')
    const journal = await openHere({ segmentBytes: 1_000_000 })
    await journal.append([item('small'), item('large', payload)])
    await journal.append(items('after'))
    const records = await journal.read(0, ALL)
    expect(ids(records)).toStrictEqual(['small', 'large', 'after'])
    expect(Buffer.compare(records[1]?.payload ?? Buffer.alloc(0), payload)).toBe(0)
    expect(journal.stats().segments).toBe(2)
    expect((await journal.verify()).problems).toStrictEqual([])
  })

  test('an item or a call beyond any bound is refused, and a malformed one costs nobody else anything', async () => {
    const journal = await openHere()
    const large = item('a', Buffer.alloc(100 * 1024 * 1024))
    expect((await refusal(journal.append(Array.from({ length: 6 }, () => large)))).code).toBe('too-large')
    const malformed = JSON.parse('{"id":"x"}') as JournalItem
    const outcomes = await Promise.allSettled([journal.append([{ ...malformed, payload: Buffer.from('x') }]), journal.append(items('b'))])
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['rejected', 'fulfilled'])
    expect((await refusal(journal.append([item('a', Buffer.alloc(129 * 1024 * 1024))]))).code).toBe('too-large')
  })

  test('calls that come while the disk is busy share the next write, each contiguous', async () => {
    let syncs = 0
    const journal = await openHere({
      io: {
        fdatasync: async (handle) => {
          syncs += 1
          await handle.datasync()
        },
      },
    })
    await journal.append(items('first'))
    syncs = 0
    const ranges = await Promise.all(Array.from({ length: 64 }, (_, caller) => journal.append(items(`${caller}/0`, `${caller}/1`))))
    expect(syncs).toBe(1)
    const records = await journal.read(1, ALL)
    for (const [caller, { first, last }] of ranges.entries()) {
      expect(last).toBe(first + 1)
      expect(ids(records.slice(first - 2, last - 1))).toStrictEqual([`${caller}/0`, `${caller}/1`])
    }
  })

  test('a record is readable, counted and acknowledged only after its fdatasync', async () => {
    const disk = gate()
    const reached = gate()
    let holding = false
    const journal = await openHere({
      io: {
        fdatasync: async (handle) => {
          reached.open()
          if (holding) await disk.promise
          await handle.datasync()
        },
      },
    })
    await journal.append(items('a'))
    holding = true
    let acknowledged = false
    const append = journal.append(items('b')).then(() => (acknowledged = true))
    await reached.promise
    expect(ids(await journal.read(0, ALL))).toStrictEqual(['a'])
    expect(journal.stats().head).toBe(1)
    expect((await journal.verify()).problems).toStrictEqual([])
    expect(acknowledged).toBe(false)
    disk.open()
    await append
    expect(ids(await journal.read(0, ALL))).toStrictEqual(['a', 'b'])
  })

  test('after close everything is refused', async () => {
    const journal = await openHere()
    const append = journal.append(items('a'))
    await journal.close()
    expect(await append).toStrictEqual({ first: 1, last: 1 })
    expect((await refusal(journal.append(items('b')))).code).toBe('journal-broken')
    expect((await refusal(journal.read(0, ALL))).code).toBe('journal-broken')
    expect((await refusal(journal.checkpoint(1))).code).toBe('journal-broken')
    expect(ids(await (await openHere()).read(0, ALL))).toStrictEqual(['a'])
  })
})

describe('the checkpoint', () => {
  test('survives a restart and deletes what is wholly applied; seq and chain go on', async () => {
    const journal = await openHere({ segmentBytes: 1000 })
    for (let n = 1; n <= 12; n++) await journal.append(items(`${n}`))
    const before = journal.stats()
    expect(before.segments).toBeGreaterThan(3)
    await journal.checkpoint(12)
    expect(journal.applied).toBe(12)
    expect(journal.stats()).toMatchObject({ segments: 1, pendingBytes: 0 })
    await journal.close()
    const again = await openHere({ segmentBytes: 1000 })
    expect(again.stats()).toMatchObject({ head: 12, applied: 12, lastChain: before.lastChain })
    expect(await again.append(items('13'))).toStrictEqual({ first: 13, last: 13 })
    const [record] = await again.read(12, ALL)
    expect(record === undefined ? null : chainHash(before.lastChain, record)).toBe(record?.chain)
    expect((await again.verify()).problems).toStrictEqual([])
  })

  test('goes forward only, and never beyond the head', async () => {
    const journal = await openHere()
    await journal.append(items('a', 'b', 'c'))
    await journal.checkpoint(2)
    await journal.checkpoint(1)
    expect(journal.applied).toBe(2)
    expect((await refusal(journal.checkpoint(4))).code).toBe('internal')
    await Promise.all([journal.checkpoint(2), journal.checkpoint(3)])
    expect(journal.applied).toBe(3)
  })

  test.each(['missing', 'damaged', 'empty', 'altered'])('%s: what is still there is applied again, under the same seq', async (state) => {
    const journal = await openHere({ segmentBytes: 1000 })
    for (let n = 1; n <= 12; n++) await journal.append(items(`${n}`))
    await journal.checkpoint(7)
    const { lastChain } = journal.stats()
    await journal.close()
    const file = join(directory, 'checkpoint')
    const text = await readFile(file, 'utf8')
    if (state === 'missing') await rm(file)
    if (state === 'damaged') await writeFile(file, text.slice(0, 30))
    if (state === 'empty') await writeFile(file, '')
    if (state === 'altered') await writeFile(file, text.replace('"applied":7', '"applied":9'))
    const again = await openHere({ segmentBytes: 1000 })
    expect(again.applied).toBeLessThanOrEqual(7)
    expect(again.stats()).toMatchObject({ head: 12, lastChain })
    expect(ids(await again.read(7, ALL))).toStrictEqual(['8', '9', '10', '11', '12'])
    await again.checkpoint(12)
    expect((await again.verify()).problems).toStrictEqual([])
  })

  test('carries seq and chain on when every segment is gone', async () => {
    const journal = await openHere()
    await journal.append(items('a', 'b'))
    await journal.checkpoint(2)
    const { lastChain } = journal.stats()
    await journal.close()
    await rm(join(directory, '0000000000000001.journal'))
    const again = await openHere()
    expect(again.stats()).toMatchObject({ head: 2, applied: 2, lastChain, segments: 0 })
    expect(await again.append(items('c'))).toStrictEqual({ first: 3, last: 3 })
    expect((await again.verify()).problems).toStrictEqual([])
  })

  test('a segment that the crash kept from being deleted goes at the next start', async () => {
    const journal = await openHere({ segmentBytes: 400 })
    for (let n = 1; n <= 4; n++) await journal.append(items(`${n}`))
    await cp(directory, join(scratch, 'before'), { recursive: true })
    await journal.checkpoint(4)
    await journal.close()
    await cp(join(scratch, 'before'), directory, { recursive: true, force: false })
    const again = await openHere({ segmentBytes: 400 })
    expect(again.stats()).toMatchObject({ head: 4, applied: 4, segments: 1 })
  })
})

describe('following', () => {
  test('waits for more, and wakes', async () => {
    const journal = await openHere()
    const never = new AbortController().signal
    const woken = journal.waitForMore(0, never)
    await journal.append(items('a'))
    await woken
    await journal.waitForMore(0, never)
    let early = true
    const second = journal.waitForMore(1, never).then(() => expect(early).toBe(false))
    await journal.read(0, ALL)
    early = false
    await journal.append(items('b'))
    await second
  })

  test('ends when aborted and when the journal closes', async () => {
    const journal = await openHere()
    const abort = new AbortController()
    const aborted = journal.waitForMore(0, abort.signal)
    abort.abort()
    await aborted
    await journal.waitForMore(0, abort.signal)
    const closing = journal.waitForMore(0, new AbortController().signal)
    await journal.close()
    await closing
    expect(journal.stats().head).toBe(0)
  })
})

describe('back-pressure and a full disk', () => {
  test('journal-full until something is applied', async () => {
    const journal = await openHere({ maxPendingBytes: 5000 })
    await journal.append([item('a', Buffer.alloc(3000))])
    const error = await refusal(journal.append([item('b', Buffer.alloc(3000))]))
    expect(error).toMatchObject({ code: 'journal-full', status: 503, retry: true })
    await journal.checkpoint(1)
    expect(await journal.append([item('b', Buffer.alloc(3000))])).toStrictEqual({ first: 2, last: 2 })
  })

  test('what waits in the queue counts, too', async () => {
    const journal = await openHere({ maxPendingBytes: 5000 })
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => journal.append([item(`${n}`, Buffer.alloc(2000))])))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  })

  test('pendingBytes follows the checkpoint, also after a restart', async () => {
    const journal = await openHere({ segmentBytes: 200_000 })
    for (let n = 1; n <= 50; n++) await journal.append([item(`${n}`, Buffer.alloc(9600))])
    const { pendingBytes } = journal.stats()
    expect(pendingBytes).toBeGreaterThan(50 * 9600)
    await journal.checkpoint(25)
    expect(Math.abs(journal.stats().pendingBytes - pendingBytes / 2)).toBeLessThanOrEqual(64 * 1024 + 10_000)
    await journal.checkpoint(50)
    expect(journal.stats().pendingBytes).toBe(0)
    await journal.append(items('51'))
    const after = journal.stats().pendingBytes
    await journal.close()
    expect((await openHere({ segmentBytes: 200_000 })).stats().pendingBytes - after).toBeLessThanOrEqual(64 * 1024 + 10_000)
  })

  test('below the reserve nothing is accepted, the free space is read again each second, and it goes on by itself', async () => {
    const clock = fixedClock(0)
    let free = 2000
    let looks = 0
    const journal = await openHere({
      clock,
      reserveBytes: 1000,
      free: () => {
        looks += 1
        return Promise.resolve(free)
      },
    })
    await journal.append(items('a'))
    await journal.append(items('b'))
    expect(looks).toBe(1)
    free = 999
    clock.set(1000)
    const error = await refusal(journal.append(items('c')))
    expect(error).toMatchObject({ code: 'disk-full', status: 503, retry: true, detail: { free_bytes: 999, reserve_bytes: 1000 } })
    expect(error.help).toContain('Free some space')
    free = 5000
    expect(await journal.append(items('c'))).toStrictEqual({ first: 3, last: 3 })
    expect((await journal.verify()).problems).toStrictEqual([])
  })

  test('what was written since the last look counts against the reserve', async () => {
    const journal = await openHere({ reserveBytes: 1_000_000, free: () => Promise.resolve(1_010_000) })
    await journal.append([item('a', Buffer.alloc(10_000))])
    expect((await refusal(journal.append(items('b')))).code).toBe('disk-full')
  })

  test('ENOSPC in the middle of a write: refused, taken back, accepted later', async () => {
    let full = false
    const io: Partial<JournalIo> = {
      write: async (handle, bytes, position) => {
        if (!full) return (await handle.write(bytes, 0, bytes.length, position)).bytesWritten
        // Half of it arrives, then the disk is full: the way the kernel really does it.
        if (bytes.length > 100) return (await handle.write(bytes, 0, bytes.length >> 1, position)).bytesWritten
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      },
    }
    const journal = await openHere({ io, segmentBytes: 2000 })
    await journal.append(items('a'))
    const size = (await stat(join(directory, '0000000000000001.journal'))).size
    full = true
    const outcomes = await Promise.allSettled([journal.append(items('b')), journal.append(items('c'))])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'disk-full', retry: true } })
    expect((await stat(join(directory, '0000000000000001.journal'))).size).toBe(size)
    // A new segment does not fit either, and leaves nothing behind.
    expect((await refusal(journal.append([item('d', Buffer.alloc(2000))]))).code).toBe('disk-full')
    expect(await readdir(directory)).toStrictEqual(['0000000000000001.journal'])
    full = false
    expect(await journal.append(items('e'))).toStrictEqual({ first: 2, last: 2 })
    expect(await journal.append([item('f', Buffer.alloc(2000))])).toStrictEqual({ first: 3, last: 3 })
    expect(ids(await journal.read(0, ALL))).toStrictEqual(['a', 'e', 'f'])
    expect((await journal.verify()).problems).toStrictEqual([])
    await journal.close()
    const again = await openHere()
    expect(ids(await again.read(0, ALL))).toStrictEqual(['a', 'e', 'f'])
  })
})

describe('a failing disk', () => {
  test.each(['EIO', 'ENOSPC'])(
    '%s of fdatasync: nothing after it is ever acknowledged, the server is told once, a restart has what was',
    async (code) => {
      let failing = false
      const fatal: AppError[] = []
      const journal = await openHere({
        onFatal: (error) => fatal.push(error),
        io: {
          fdatasync: (handle) => {
            // It fails once and then claims success, as Linux does.
            if (!failing) return handle.datasync()
            failing = false
            return Promise.reject(failure(code))
          },
        },
      })
      await journal.append(items('a'))
      failing = true
      const outcomes = await Promise.allSettled([
        journal.append(items('b')),
        journal.append([item('c', Buffer.alloc(2_000_000))]),
        journal.append(items('d')),
      ])
      for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'journal-broken' } })
      expect((await refusal(journal.append(items('e')))).code).toBe('journal-broken')
      expect(fatal.map((error) => error.code)).toStrictEqual(['journal-broken'])
      expect(journal.stats()).toMatchObject({ head: 1, broken: fatal[0]?.message })
      expect(ids(await journal.read(0, ALL))).toStrictEqual(['a'])
      await journal.close()
      const again = await openHere()
      const [first, ...rest] = ids(await again.read(0, ALL))
      expect(first).toBe('a')
      expect(['', 'b', 'b,c', 'b,c,d']).toContain(rest.join(','))
      expect((await again.verify()).problems).toStrictEqual([])
    },
  )

  test.each([
    ['a write that fails otherwise', { write: () => Promise.reject(failure('EIO')) }],
    ['a disk that takes no bytes', { write: () => Promise.resolve(0) }],
    [
      'a full disk whose half-written group cannot be taken back',
      { write: () => Promise.reject(failure('ENOSPC')), truncate: () => Promise.reject(failure('EIO')) },
    ],
  ])('%s is final', async (_, io) => {
    const before = await openHere()
    await before.append(items('a'))
    await before.close()
    const healthy = {
      write: writeThrough,
      truncate: (handle: Parameters<JournalIo['truncate']>[0], length: number) => handle.truncate(length),
    }
    let current: Partial<JournalIo> = healthy
    const fatal: AppError[] = []
    const journal = await openHere({
      onFatal: (error) => fatal.push(error),
      io: {
        write: (...args) => (current.write ?? healthy.write)(...args),
        truncate: (...args) => (current.truncate ?? healthy.truncate)(...args),
      },
    })
    current = io
    expect((await refusal(journal.append(items('b')))).code).toBe('journal-broken')
    current = healthy
    expect((await refusal(journal.append(items('c')))).code).toBe('journal-broken')
    expect(fatal).toHaveLength(1)
  })

  test('an fdatasync that fails while opening keeps the journal shut', async () => {
    const journal = await openHere()
    await journal.append(items('a'))
    await journal.close()
    expect((await refusal(openHere({ io: { fdatasync: () => Promise.reject(failure('EIO')) } }))).code).toBe('data-directory')
  })
})

describe('a newer format', () => {
  test('is refused, not cut off', async () => {
    const journal = await openHere()
    await journal.append(items('a'))
    await journal.close()

    const file = join(directory, '0000000000000001.journal')
    const bytes = await readFile(file)
    bytes[8] = 2
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 64)), 64)
    await writeFile(file, bytes)
    const error = await refusal(openHere())
    expect(error.code).toBe('schema-newer')
    expect(await readFile(file)).toStrictEqual(bytes)
  })
})

describe('chainHash', () => {
  const head = { seq: 1, org: 'o', source: 's', connector: 'c', stream: 't', id: 'i', at: null, received_at: 'r', digest: 'd' }

  test('is fixed: stored chains must verify for ever', () => {
    expect(chainHash(GENESIS, head)).toBe(hash('sha256', `${GENESIS}|1|1:o|1:s|1:c|1:t|1:i|-|1:r|1:d`))
    expect(chainHash(GENESIS, head)).toBe('5ca067bd0cfd047f10a9945230e32a0a11690015781f99449c6f12302d6ee4c8')
  })

  test('tells fields apart, null from a dash, and a lone surrogate is what UTF-8 stores', () => {
    expect(chainHash(GENESIS, { ...head, org: 'os', source: '' })).not.toBe(chainHash(GENESIS, head))
    expect(chainHash(GENESIS, { ...head, at: '-' })).not.toBe(chainHash(GENESIS, head))
    expect(chainHash(GENESIS, { ...head, org: 'o|1:s' })).not.toBe(chainHash(GENESIS, { ...head, source: '1:s|s' }))
    expect(chainHash(GENESIS, { ...head, id: '\ud800' })).toBe(chainHash(GENESIS, { ...head, id: '\ufffd' }))
  })
})

describe('any history', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('\ud800', '__proto__', '"\\\n\u0000', ''))
  const journalItem: fc.Arbitrary<JournalItem> = fc.record(
    {
      org: text,
      source: text,
      connector: text,
      stream: text,
      id: text,
      at: fc.option(text),
      received_at: text,
      headers: fc.option(fc.array(fc.tuple(fc.string({ minLength: 1 }), text), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs))),
      payload: fc.uint8Array({ maxLength: 700 }),
    },
    { noNullPrototype: true },
  )
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        calls: fc.array(fc.array(journalItem, { maxLength: 4 }), { maxLength: 5 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('close' as const, 'crash' as const) }) },
  )

  test('of appends, checkpoints, restarts and crashes reads back exactly', { timeout: 120_000 }, async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.integer({ min: 200, max: 3000 }), async (steps, segmentBytes) => {
        run += 1
        let at = join(scratch, `run-${run}`)
        let journal = await openJournal({ directory: at, log: silentLog, clock: fixedClock(0), reserveBytes: 0, segmentBytes })
        const model: JournalItem[] = []
        let applied = 0
        let acknowledged = 0
        for (const [index, now] of steps.entries()) {
          if (now.kind === 'append') {
            const ranges = await Promise.all(now.calls.map((call) => journal.append(call)))
            model.push(...now.calls.flat())
            acknowledged = Math.max(acknowledged, ...ranges.map(({ last }) => last))
          } else if (now.kind === 'checkpoint') {
            applied = Math.max(applied, Math.floor(model.length * now.share))
            await journal.checkpoint(applied)
          } else {
            // A crash leaves the files as they are at this moment; closing the copied-from journal does not touch the copy.
            const next = now.kind === 'crash' ? `${at}-${index}` : at
            if (now.kind === 'crash') await cp(at, next, { recursive: true })
            await journal.close()
            at = next
            journal = await openJournal({ directory: at, log: silentLog, clock: fixedClock(0), reserveBytes: 0, segmentBytes })
          }
          expect(acknowledged).toBe(model.length)
          const records = await journal.read(applied, ALL)
          expect(records.map(plain)).toStrictEqual(model.slice(applied))
          expect(records.map(({ seq }) => seq)).toStrictEqual(model.slice(applied).map((_, offset) => applied + offset + 1))
          expect(journal.stats()).toMatchObject({ head: model.length, applied, broken: null })
        }
        expect((await journal.verify()).problems).toStrictEqual([])
        await journal.close()
      }),
      { numRuns: 60 },
    )
  })
})
