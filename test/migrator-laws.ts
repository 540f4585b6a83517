import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../src/errors.ts'
import type { Dialect, SqlPort } from '../src/store/dialect.ts'
import { createMigrator, soleOwner, type Migrator, type MigratorOptions } from '../src/store/migrate.ts'
import { SNAPSHOT_FILE } from '../src/store/migration-file.ts'
import { nameOf } from '../src/store/migration-plan.ts'

/** An empty store. */
export interface Place {
  port: SqlPort
  dialect: Dialect
  create(table: string): string
  close(): Promise<void>
}

export async function refusal(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => null,
    (cause: unknown) => cause,
  )
  if (thrown instanceof AppError) return thrown
  throw new Error('it was not refused as it should be', { cause: thrown })
}

function file(header: string, ...statements: string[]): string {
  return `${header}\n\n${statements.join('\n--next\n')}\n`
}

/** What the runner promises, whatever the store. */
export function migratorLaws(name: string, open: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place
    let directory: string
    const write = (files: Record<string, string>): void => {
      rmSync(directory, { recursive: true, force: true })
      mkdirSync(directory)
      for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
    }
    const migrator = (more: Partial<MigratorOptions> = {}): Migrator =>
      createMigrator({
        port: place.port,
        dialect: place.dialect,
        directory,
        programVersion: '1.2.3',
        actor: `o'brien`,
        lock: soleOwner,
        ...more,
      })

    beforeEach(async () => {
      place = await open()
      directory = mkdtempSync(join(tmpdir(), 'fairlead-laws-'))
      return async () => {
        rmSync(directory, { recursive: true, force: true })
        await place.close()
      }
    })

    test('a plan writes nothing; up applies it, records it, and has nothing left to do', async () => {
      write({
        '0001_create_a.sql': file('-- why: a', place.create('a'), place.create('b')),
        '0002_create_c.sql': file('-- why: c\n-- breaking: readers of c', place.create('c')),
      })
      const plan = await migrator().plan()
      expect(plan.pending.map((each) => [each.file, each.why, each.breaking, each.statements])).toEqual([
        ['0001_create_a.sql', 'a', null, 2],
        ['0002_create_c.sql', 'c', 'readers of c', 1],
      ])
      expect((await place.port.rows(place.dialect.ledger.exists))[0]?.found).toBe(false)
      const steps: string[] = []
      expect(
        await migrator({ onStep: (step) => void steps.push(`${step.phase} ${step.file} ${step.statement}/${step.statements}`) }).up(),
      ).toEqual(plan.pending)
      expect(steps).toContain('before 0001_create_a.sql 2/2')
      expect(steps.at(-1)).toBe('recorded 0002_create_c.sql 1/1')
      const status = await migrator().status()
      expect(status.current).toBe(2)
      expect(status.history).toMatchObject([
        {
          module: 'fairlead',
          version: 1,
          name: 'create_a',
          statement_index: 2,
          statements: 2,
          state: 'done',
          breaking: false,
          actor: `o'brien`,
        },
        {
          module: 'fairlead',
          version: 2,
          name: 'create_c',
          statement_index: 1,
          statements: 1,
          state: 'done',
          breaking: true,
          program_version: '1.2.3',
        },
      ])
      expect(await migrator().up()).toEqual([])
    })

    test('a file that changed after it was applied is named; repair accepts it', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
      await migrator().up()
      write({ '0001_create_a.sql': file('-- why: another reason', place.create('a')) })
      const refused = await refusal(migrator().up())
      expect([refused.code, refused.message.includes('0001_create_a.sql')]).toEqual(['migration-drift', true])
      await migrator().repair(1)
      expect((await migrator().status()).pending).toEqual([])
      expect((await refusal(migrator().repair(7))).code).toBe('not-found')
    })

    test('line ends of another system are no change', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
      await migrator().up()
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')).replaceAll('\n', '\r\n') })
      expect((await migrator().plan()).pending).toEqual([])
    })

    test('a schema of a newer program is tolerated, unless what it added is breaking', async () => {
      const first = file('-- why: a', place.create('a'))
      write({ '0001_create_a.sql': first, '0002_create_b.sql': file('-- why: b', place.create('b')) })
      await migrator().up()
      write({ '0001_create_a.sql': first })
      expect((await migrator().status()).unknown.map((row) => row.name)).toEqual(['create_b'])
      write({ '0001_create_a.sql': first, '0003_create_c.sql': file('-- why: c\n-- breaking: c', place.create('c')) })
      await migrator().up()
      write({ '0001_create_a.sql': first })
      const refused = await refusal(migrator().up())
      expect([refused.code, refused.message.includes('0003_create_c'), refused.help?.includes('1.2.3')]).toEqual([
        'schema-newer',
        true,
        true,
      ])
    })

    test('a number below what is applied is refused, or allowed by policy', async () => {
      const second = file('-- why: b', place.create('b'))
      write({ '0002_create_b.sql': second })
      await migrator().up()
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')), '0002_create_b.sql': second })
      const refused = await refusal(migrator().plan())
      expect([refused.code, refused.message.includes('0001_create_a.sql')]).toEqual(['migration-drift', true])
      expect((await migrator({ outOfOrder: 'allow' }).up()).map((each) => each.version)).toEqual([1])
    })

    test('what removes data waits for the hash of the very plan', async () => {
      const first = file('-- why: a', place.create('a'))
      write({
        '0001_create_a.sql': first,
        '0002_drop_a.sql': file('-- why: nobody reads it\n-- destructive: table a', 'drop table if exists a'),
      })
      const before = await migrator().plan()
      expect(before.destructive).toEqual(['0002_drop_a.sql'])
      for (const confirm of [undefined, '', 'yes']) {
        const refused = await refusal(migrator().up(confirm === undefined ? {} : { confirm }))
        expect([refused.code, refused.help?.includes(before.hash)]).toEqual(['schema-pending', true])
      }
      write({ '0001_create_a.sql': first, '0002_drop_a.sql': file('-- why: changed\n-- destructive: table a', 'drop table if exists a') })
      expect((await refusal(migrator().up({ confirm: before.hash }))).code).toBe('schema-pending')
      const { hash } = await migrator().plan()
      expect(await migrator().up({ confirm: hash })).toHaveLength(2)
    })

    test('a statement that fails is named; when its cause is gone, it goes on there', async () => {
      const text = (second: string): string => file('-- why: a', place.create('a'), second, place.create('c'))
      write({ '0001_create_a.sql': text('create rubbish') })
      const refused = await refusal(migrator().up())
      expect(refused.code).toBe('migration-failed')
      expect(refused.message).toContain('0001_create_a.sql failed at statement 2 of 3')
      const { history } = await migrator()
        .status()
        .catch(() => ({ history: [] }))
      const applied = place.dialect.transactionalDdl ? 0 : 1
      expect(history).toMatchObject([{ state: 'failed', statement_index: applied }])
      write({ '0001_create_a.sql': text(place.create('b')) })
      // What is half applied is not quietly taken for another text; what left nothing behind is simply tried again.
      const again = await migrator()
        .plan()
        .then(
          () => 'pending',
          (cause: unknown) => (cause instanceof AppError ? cause.code : cause),
        )
      expect(again).toBe(applied > 0 ? 'migration-drift' : 'pending')
      await migrator().repair(1)
      const steps: number[] = []
      await migrator({ onStep: (step) => void (step.phase === 'before' && steps.push(step.statement)) }).up()
      expect(steps).toEqual(applied > 0 ? [2, 3] : [1, 2, 3])
      expect((await migrator().status()).history).toMatchObject([{ state: 'done', statement_index: 3 }])
    })

    test('verify tells the live schema from the snapshot, in both directions', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a'), place.create('b')) })
      await migrator().up()
      expect((await refusal(migrator().verify())).code).toBe('not-found')
      const text = await migrator().snapshot()
      writeFileSync(join(directory, SNAPSHOT_FILE), text)
      expect(await migrator().verify()).toEqual({ matches: true, missing: [], unexpected: [] })
      await place.port.run('drop table b')
      await place.port.run(`alter table a add column extra ${place.dialect.lock ? 'text' : 'String'}`)
      const { matches, missing, unexpected } = await migrator().verify()
      expect(matches).toBe(false)
      expect(missing.some((line) => line.startsWith('create table b'))).toBe(true)
      expect(unexpected).toHaveLength(1)
      expect(unexpected[0]).toMatch(/^create table a \( extra (text|String)$/)
    })

    test('baseline records without running, once', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')), '0002_create_b.sql': file('-- why: b', place.create('b')) })
      expect((await refusal(migrator().baseline(3))).code).toBe('not-found')
      expect((await migrator().baseline(1)).map((row) => row.version)).toEqual([1])
      expect((await migrator().plan()).pending.map((each) => each.version)).toEqual([2])
      expect((await refusal(migrator().baseline(2))).code).toBe('conflict')
    })

    test('the plan says what each step means; what loses something waits for a confirmation, header or not', async () => {
      const first = file('-- why: a', place.create('a'))
      write({ '0001_create_a.sql': first, '0002_drop_a.sql': file('-- why: nobody reads it', place.create('b'), 'drop table if exists a') })
      const { pending, destructive, hash } = await migrator().plan()
      expect(pending.map((each) => each.steps.map((step) => step.risk))).toEqual([['safe'], ['safe', 'lossy']])
      expect(pending[1]?.steps[1]).toEqual({
        statement: 2,
        text: 'drop table if exists a',
        risk: 'lossy',
        because: 'a table goes, with its rows',
      })
      expect(destructive).toEqual(['0002_drop_a.sql'])
      expect((await refusal(migrator().up())).code).toBe('schema-pending')
      expect(await migrator().up({ confirm: hash })).toHaveLength(2)
    })

    test('what was done by hand is marked as applied, once, and does not run', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')), '0002_create_b.sql': file('-- why: b', 'create rubbish') })
      expect((await refusal(migrator().markApplied(3))).code).toBe('not-found')
      expect((await refusal(migrator().up())).message).toContain('0002_create_b.sql')
      expect(await migrator().markApplied(2)).toMatchObject({ version: 2, state: 'done', actor: `o'brien` })
      expect(await migrator().up()).toEqual([])
      expect((await refusal(migrator().markApplied(2))).code).toBe('conflict')
    })

    test('nobody there to confirm: what is needed is applied, what only removes waits; what the program needs behind it is not left out', async () => {
      const first = file('-- why: a', place.create('a'))
      const drop = file('-- why: nobody reads it\n-- destructive: table a', 'drop table if exists a')
      write({ '0001_create_a.sql': first, '0002_create_b.sql': file('-- why: b', place.create('b')), '0003_drop_a.sql': drop })
      expect((await migrator().up({ unattended: true })).map(({ version }) => version)).toEqual([1, 2])
      expect(await migrator().up({ unattended: true })).toEqual([])
      expect((await migrator().plan()).destructive).toEqual(['0003_drop_a.sql'])
      const more = (...files: [string, string][]) =>
        write({
          '0001_create_a.sql': first,
          '0002_create_b.sql': file('-- why: b', place.create('b')),
          '0003_drop_a.sql': drop,
          ...Object.fromEntries(files),
        })
      more(['0004_create_c.sql', file('-- why: c', place.create('c'))])
      expect((await refusal(migrator().up({ unattended: true }))).code).toBe('schema-pending')
      more(['0004_drop_b.sql', file('-- why: b may not be there\n-- destructive: b\n-- breaking: b', 'drop table if exists b')])
      expect((await refusal(migrator().up({ unattended: true }))).code).toBe('schema-pending')
      const { hash } = await migrator().plan()
      expect(await migrator().up({ unattended: true, confirm: hash })).toHaveLength(2)
    })

    test('the migrations of plugins run behind the program itself, by name, and are named with their module', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
      for (const module of ['zeta', 'beta']) {
        mkdirSync(join(directory, module))
        writeFileSync(join(directory, module, '0001_create_own.sql'), file(`-- why: ${module}`, place.create(`of_${module}`)))
      }
      const { hash, pending } = await migrator().plan()
      expect(pending.map(nameOf)).toEqual(['0001_create_a.sql', 'beta/0001_create_own.sql', 'zeta/0001_create_own.sql'])
      const steps: string[] = []
      await migrator({ onStep: (step) => void (step.phase === 'recorded' && steps.push(step.file)) }).up()
      expect(steps).toEqual(pending.map(nameOf))
      const { history, current } = await migrator().status()
      expect([history.map(({ module, version }) => [module, version]), current]).toEqual([
        [
          ['fairlead', 1],
          ['beta', 1],
          ['zeta', 1],
        ],
        1,
      ])
      expect(hash).not.toBe((await migrator().plan()).hash)
      writeFileSync(join(directory, 'beta', '0001_create_own.sql'), file('-- why: changed', place.create('of_beta')))
      const drift = await refusal(migrator().up())
      expect([drift.code, drift.message.includes('beta/0001_create_own.sql'), drift.help?.includes('--module beta')]).toEqual([
        'migration-drift',
        true,
        true,
      ])
      await migrator().repair(1, 'beta')
      writeFileSync(join(directory, 'zeta', '0002_create_more.sql'), file('-- why: more', 'create rubbish'))
      expect((await refusal(migrator().markApplied(2))).code).toBe('not-found')
      expect(await migrator().markApplied(2, 'zeta')).toMatchObject({ module: 'zeta', version: 2 })
      expect(await migrator().up()).toEqual([])
      mkdirSync(join(directory, 'alpha'))
      writeFileSync(join(directory, 'alpha', '0003_create_by_hand.sql'), file('-- why: by hand', 'create rubbish'))
      expect(await migrator().baseline(3, 'alpha')).toMatchObject([{ module: 'alpha', version: 3 }])
      expect((await refusal(migrator().repair(1, 'nobody'))).code).toBe('not-found')
    })

    test('a module has numbers of its own', async () => {
      write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
      await migrator().up()
      write({ '0001_create_b.sql': file('-- why: b', place.create('b')) })
      expect(await migrator({ module: 'plugin' }).up()).toHaveLength(1)
      expect(await migrator({ module: 'plugin' }).up()).toEqual([])
    })
  })
}
