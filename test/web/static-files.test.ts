import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadStaticFiles, PAGES } from '../../src/api/static-files.ts'
import { freshDirectory, removeDirectory } from '../server.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
let folder: string
let file: ReturnType<typeof loadStaticFiles>
beforeAll(async () => {
  folder = await freshDirectory()
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), '<title>page</title>')
  await writeFile(join(folder, 'assets', 'page-1.js'), '1')
  file = loadStaticFiles(folder)
})
afterAll(() => removeDirectory(folder))

test.each([
  ['/', '*/*', 200, 'text/html; charset=utf-8', 'no-cache'],
  ['/assets/page-1.js', '*/*', 200, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
  ['/sources', BROWSER, 200, 'text/html; charset=utf-8', 'no-cache'],
  ['/reset/3f2a', BROWSER, 200, 'text/html; charset=utf-8', 'no-cache'],
  ['/nowhere', BROWSER, 404, 'text/html; charset=utf-8', 'no-cache'],
])('%s for %s', (path, accept, status, type, cache) => {
  const answer = file(path, accept)
  expect([answer?.status, answer?.headers.get('content-type'), answer?.headers.get('cache-control')]).toEqual([status, type, cache])
})

test.each([
  ['/nowhere', '*/*'],
  ['/sources', 'application/json'],
  ['/nowhere', 'application/json'],
  ['/nowhere', undefined],
  ['/v1/nowhere', BROWSER],
  ['/assets/gone-2.js', BROWSER],
  ['/../package.json', '*/*'],
])('%s for %s is not answered here', (path, accept) => {
  expect(file(path, accept)).toBeNull()
})

test('the pages are those that the page itself knows', async () => {
  const app = await readFile(join(import.meta.dirname, '..', '..', 'web', 'src', 'app.tsx'), 'utf8')
  expect([...app.matchAll(/<Route path="([^"]+)"/g)].map(([, path]) => path).sort()).toEqual([...PAGES].sort())
})
