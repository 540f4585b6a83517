import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { SETTINGS } from '../src/config.ts'
import type { OpenApi } from '../src/report/reference-api.ts'
import { referencePages, writeReference } from '../src/report/reference.ts'
import { loadRegistry } from '../src/registry.ts'
import { blocksOf, commandsOf, markdownFiles, readDocument, ROOT, wordsOf } from './documents.ts'
import { freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** What the documentation says is what the program does. */
let data: string
let server: Server
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const COMMANDS = createProgram()
  .createHelp()
  .visibleCommands(createProgram())
  .map((command) => command.name())
  .filter((name) => name !== 'help')

test('the generated reference is what the program says', async () => {
  const pages = referencePages(await loadRegistry(), createProgram(), await server.get<OpenApi>('/v1/openapi.json'))
  expect(await writeReference(pages, true)).toEqual([])
})

describe('links', () => {
  const files = markdownFiles()

  test('each relative link leads to a file, and its anchor to a heading', () => {
    const broken = files.flatMap((file) =>
      linksOf(file).flatMap((link) => {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? file : join(dirname(file), path)
        if (!existsSync(join(ROOT, target))) return [`${file}: ${link}`]
        return anchor === undefined || !target.endsWith('.md') || anchorsOf(target).includes(anchor)
          ? []
          : [`${file}: ${link} has no such heading`]
      }),
    )
    expect(files.length).toBeGreaterThan(20)
    expect(broken).toEqual([])
  })

  test('each document can be reached from the README', () => {
    const reached = new Set(['README.md'])
    for (const file of reached) {
      for (const link of linksOf(file)) {
        const target = join(dirname(file), link.split('#')[0] ?? '')
        if (target.endsWith('.md') && existsSync(join(ROOT, target))) reached.add(target)
      }
    }
    expect(files.filter((file) => file.startsWith('docs/') && !reached.has(file))).toEqual([])
  })

  test('each file of ours that the text names in code is there', () => {
    const missing = files
      .filter((file) => !file.startsWith('docs/reference/') && !file.startsWith('docs/guides/'))
      .flatMap((file) => {
        const names = [
          ...readDocument(file).matchAll(/`((?:src|domain|connectors|metrics|migrations|test|web|bench|scripts|bin)\/[\w./-]+)`/g),
        ]
        return names.flatMap(([, name = '']) => (existsSync(join(ROOT, name)) ? [] : [`${file}: ${name}`]))
      })
    expect(missing).toEqual([])
  })
})

function linksOf(file: string): string[] {
  const text = readDocument(file).replaceAll(/^```[\s\S]*?^```$/gm, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => (/^[a-z]+:/.test(link) ? [] : [link]))
}

/** As GitHub makes them. */
function anchorsOf(file: string): string[] {
  return [...readDocument(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  )
}

describe('the README', () => {
  test('shows the two commands, each in a block', () => {
    const lines = blocksOf('README.md').flatMap(({ text }) => text.split('\n'))
    expect(lines).toEqual(expect.arrayContaining(['npm ci && npm start', 'npm ci && npm test']))
  })

  test('names every command of the command line, and no other', () => {
    const named = new Set([...readDocument('README.md').matchAll(/`(?:npx )?fairlead ([a-z]+)/g)].map(([, name]) => name))
    expect([...named].sort()).toEqual([...COMMANDS].sort())
  })
})

test('every setting and every command stands in the reference', () => {
  for (const name of Object.keys(SETTINGS)) expect(readDocument('docs/reference/settings.md')).toContain(`| \`${name}\` |`)
  for (const name of COMMANDS) expect(readDocument('docs/reference/cli.md')).toContain(`## \`fairlead ${name}\``)
})

describe('docs/api.md', () => {
  test('each curl example works, and answers what the page says', { timeout: 60_000 }, async () => {
    const blocks = blocksOf('docs/api.md')
    let answered = 0
    for (const [index, block] of blocks.entries()) {
      if (block.language !== 'sh' || !block.text.includes('curl')) continue
      let last: unknown
      for (const line of block.text.replaceAll('\\\n', ' ').trim().split('\n')) {
        last = await send(line)
        answered++
      }
      const said = blocks[index + 1]
      if (said?.language === 'json') expect(last).toMatchObject(JSON.parse(said.text) as object)
    }
    expect(answered).toBeGreaterThan(8)
  })

  test('the error that it shows is the one that comes', async () => {
    const shown = blocksOf('docs/api.md').findLast(({ language }) => language === 'json')
    expect(await (await fetch(`${server.url}/v1/status`)).json()).toEqual(JSON.parse(shown?.text ?? ''))
  })
})

/** A curl command of the documentation, without needing curl: -X, -H, -d and the address. */
async function send(line: string): Promise<unknown> {
  const [program, ...words] = wordsOf(line.replaceAll('$FAIRLEAD_URL', server.url).replaceAll('$FAIRLEAD_TOKEN', server.token))
  expect(program).toBe('curl')
  const init: { method: string; headers: Record<string, string>; body?: string } = { method: 'GET', headers: {} }
  let address = ''
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-X') init.method = words.shift() ?? ''
    else if (word === '-d') init.body = words.shift() ?? ''
    else if (word === '-H') {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(words.shift() ?? '') ?? []
      init.headers[name] = value
    } else address = word
  }
  const answer = await fetch(address, init)
  const text = await answer.text()
  expect([line, answer.status < 300, text]).toEqual([line, true, text])
  return JSON.parse(text)
}

test('every fairlead command in the documents is one that the command line takes', async () => {
  const lines = markdownFiles()
    .filter((file) => !file.startsWith('docs/reference/'))
    .flatMap((file) => commandsOf(file).filter(([npx, name]) => npx === 'npx' && name === 'fairlead'))
  expect(lines.length).toBeGreaterThan(10)
  for (const [, , ...args] of lines) {
    const program = createProgram()
    for (const command of program.commands) command.exitOverride().action(() => {})
    await expect(program.parseAsync(args, { from: 'user' }), args.join(' ')).resolves.toBe(program)
  }
})
