import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocksOf, wordsOf } from '../documents.ts'
import { freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { kept, settled } from './door.ts'

const GUIDE = 'docs/guides/keep-your-emitters.md'

let server: Server
let data: string
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

test('each example of the guide works, in its order', async () => {
  const lines = blocksOf(GUIDE)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').trim().split('\n'))
  expect(lines.length).toBeGreaterThan(6)
  for (const line of lines) {
    await settled(server)
    const [program, ...words] = wordsOf(line.replaceAll('$FAIRLEAD_URL', server.url).replaceAll('$FAIRLEAD_TOKEN', server.token))
    expect(program).toBe('curl')
    const headers: Record<string, string> = {}
    let [method, body, address]: [string, string | undefined, string] = ['GET', undefined, '']
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      if (word === '-X') method = words.shift() ?? ''
      else if (word === '-d') body = words.shift() ?? ''
      else if (word === '-H') {
        const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(words.shift() ?? '') ?? []
        headers[name] = value
      } else address = word
    }
    const answer = await fetch(address, { method, headers, ...(body === undefined ? {} : { body }) })
    expect([line, answer.ok, answer.ok ? '' : await answer.text()]).toEqual([line, true, ''])
  }
  for (const source of ['devlake-webhook-1', 'fawkes-1', 'datadog', 'cdevents'])
    expect(await kept(server, source), source).toMatchObject({ unread: 0 })
})
