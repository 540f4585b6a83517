import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { silentLog } from '../log.ts'
import { openRereading } from './reread.ts'

let directory: string
let file: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairlead-reread-'))
  file = join(directory, 'reread.json')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const owed = () => (JSON.parse(readFileSync(file, 'utf8')) as { source: string | null }[]).map((one) => one.source)

test('what changes is noted on disk before the change is made, and forgotten when it was read', async () => {
  const read: (string | null)[] = []
  const reread = await openRereading({ file, log: silentLog, read: async (_org, source) => void read.push(source) })
  expect(
    await reread.after('o', 'github', async () => {
      expect(owed()).toEqual(['github'])
      expect(read).toEqual([])
      return true
    }),
  ).toBe(true)
  await reread.finish()
  expect(read).toEqual(['github'])
  expect(owed()).toEqual([])
})

test('what changed nothing is not read again, nor what was refused; what may have been made is', async () => {
  const read: (string | null)[] = []
  const reread = await openRereading({ file, log: silentLog, read: async (_org, source) => void read.push(source) })
  expect(await reread.after('o', 'same', async () => false)).toBe(false)
  const fail = (error: Error) => async () => {
    throw error
  }
  await expect(reread.after('o', 'refused', fail(new AppError('invalid-input', 'No.')))).rejects.toThrow('No.')
  await reread.finish()
  expect(read).toEqual([])
  expect(owed()).toEqual([])
  await expect(reread.after('o', 'unknown', fail(new Error('the connection broke')))).rejects.toThrow('broke')
  await reread.finish()
  expect(read).toEqual(['unknown'])
})

test('killed while it reads, or between the note and the change, the next start reads it', async () => {
  const killed = await openRereading({ file, log: silentLog, read: () => new Promise(() => {}) })
  await killed.after('o', 'reading', async () => true)
  void killed.after('o', null, () => new Promise(() => {}))
  await expect.poll(owed).toEqual(['reading', null])
  const read: (string | null)[] = []
  const next = await openRereading({ file, log: silentLog, read: async (_org, source) => void read.push(source) })
  next.start()
  await next.finish()
  expect(read).toEqual(['reading', null])
  expect(owed()).toEqual([])
})

test('stopped, it leaves what is not done; what failed is tried again after the others', async () => {
  const read: string[] = []
  let broken = 2
  const reread = await openRereading({
    file,
    log: silentLog,
    retryMs: 1,
    async read(_org, source, signal) {
      if (source === 'endless') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
      read.push(String(source))
      if (source === 'broken' && broken-- > 0) throw new Error('the store is away')
      return undefined
    },
  })
  await Promise.all([reread.after('o', 'broken', async () => true), reread.after('o', 'good', async () => true)])
  await expect.poll(owed).toEqual([])
  expect(read.filter((one) => one === 'broken')).toHaveLength(3)
  expect(read.filter((one) => one === 'good')).toHaveLength(1)
  await reread.after('o', 'endless', async () => true)
  await sleep(5)
  await reread.stop()
  expect(owed()).toEqual(['endless'])
})

test('changes of one source while it is being read are one reading more, whatever their number', async () => {
  const read: string[] = []
  let release = () => {}
  const reread = await openRereading({
    file,
    log: silentLog,
    async read(_org, source) {
      read.push(String(source))
      if (read.length === 1) await new Promise<void>((resolve) => (release = resolve))
    },
  })
  for (let count = 0; count < 4; count++) await reread.after('o', 'github', async () => true)
  release()
  await reread.finish()
  expect(read).toEqual(['github', 'github'])
})

test('a list that cannot be read is an error with a remedy, and stays', async () => {
  writeFileSync(file, '{')
  await expect(openRereading({ file, log: silentLog, read: async () => {} })).rejects.toMatchObject({ code: 'data-directory' })
  expect(existsSync(file)).toBe(true)
})
