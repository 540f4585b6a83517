import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, splitItems } from './json-items.ts'

const bytes = (text: string) => Buffer.from(text)
const texts = (body: string) => splitItems(bytes(body)).map((item) => Buffer.from(item).toString('utf8'))

describe('a body is cut into items that keep their bytes', () => {
  test('any array, in any spacing', () => {
    fc.assert(
      fc.property(fc.array(fc.json({ maxDepth: 5 })), fc.constantFrom('', ' ', '\n\t', '\r\n'), (values, space) => {
        const body = `${space}[${space}${values.join(`${space},${space}`)}${space}]${space}`
        expect(texts(body).map((item) => item.trim())).toEqual(values.map((value) => value.trim()))
        expect(texts(body).map((item) => JSON.parse(item) as unknown)).toEqual(JSON.parse(body))
      }),
    )
  })

  test('any lines of objects, and pretty-printed ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), { minLength: 1 }),
        fc.constantFrom(0, 2),
        fc.constantFrom('\n', '\r\n', '\n\n'),
        (values, indent, end) => {
          const items = values.map((value) => JSON.stringify(value, null, indent))
          expect(texts(items.join(end) + end)).toEqual(items)
        },
      ),
    )
  })

  test('what is no value stays an item of its own, so that its index can be named; the others are whole', () => {
    expect(texts('{"a":1}\nnonsense\n{"b":2} trailing\n{"c":3}')).toEqual(['{"a":1}', 'nonsense', '{"b":2} trailing', '{"c":3}'])
    expect(texts('{"a":"}\\"\\\\"}\n"x"\n1')).toEqual(['{"a":"}\\"\\\\"}', '"x"', '1'])
  })
})

describe('what is refused before any parser sees it', () => {
  test.each(['', '  \n', '[', '[1', '[1,]x', '[1] 2', '{"a":', '["x', '{"a":"\\'])('%j', (body) => {
    expect(() => splitItems(bytes(body))).toThrow(expect.objectContaining({ code: 'malformed-body' }))
  })

  test('nesting beyond the limit, also inside a line, at once', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expect(texts(`[${deep(MAX_DEPTH)}]`)).toEqual([deep(MAX_DEPTH)])
    const started = performance.now()
    for (const body of [`[${deep(MAX_DEPTH + 1)}]`, `{"a":${deep(2_000_000)}}`]) {
      expect(() => splitItems(bytes(body))).toThrow(
        expect.objectContaining({ code: 'malformed-body', message: expect.stringContaining('64') as string }),
      )
    }
    expect(performance.now() - started).toBeLessThan(1_000)
  })

  test('never loops or throws anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        try {
          const items = splitItems(body)
          expect(items.length).toBeLessThanOrEqual(body.length)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'malformed-body' })
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
