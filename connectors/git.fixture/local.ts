import type { Ask } from '../../src/connector.ts'
import { createGit } from '../../src/git/run.ts'
import { askWith } from '../../src/ingest/ask.ts'
import { silentLog } from '../../src/log.ts'
import { newSandbox, removeSandboxes } from './sandbox.ts'

/** A repository of three pages, with sides that live across the borders of pages, and with tags: for a pull that is stopped and resumed. */
export function openLocal(): { ask: Ask<unknown>; close(): void } {
  const sandbox = newSandbox()
  const stream = ['reset refs/heads/main\n\n']
  for (let mark = 1; mark <= 1400; mark++) {
    stream.push(`commit refs/heads/main\nmark :${mark}\ncommitter B <b@example.org> ${1768000000 + mark} +0000\ndata 1\nx\n`)
    if (mark > 7) stream.push(`from :${mark - 7}\n`)
    if (mark > 7 && mark % 5 === 0) stream.push(`merge :${mark - 3}\n`)
    if (mark === 1400) stream.push('M 100644 inline .mailmap\ndata 32\n<b@example.org> <b@old.example>\n\n')
  }
  for (let mark = 1; mark <= 1400; mark++) stream.push(`reset refs/tags/v1.${mark}\nfrom :${mark}\n\n`)
  sandbox.gitBytes(['fast-import', '--quiet', '--force'], Buffer.from(stream.join('')))
  const config = { path: sandbox.path, releases: 'tags', environment: 'production' }
  const ask = askWith<unknown>({ config, git: createGit(process.env), signal: new AbortController().signal, log: silentLog })
  return { ask, close: removeSandboxes }
}
