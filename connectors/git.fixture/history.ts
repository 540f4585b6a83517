import type { Sandbox } from './sandbox.ts'

const text = (lines: number) => 'line\n'.repeat(lines)

/** A small project with one of each: what the golden rows are made from. */
export function writeHistory(sandbox: Sandbox): void {
  sandbox.git('remote', 'add', 'origin', 'https://user:token@git.example.org/harbour/ferry.git?private=1')
  const first = sandbox.commit({ message: 'Begin', files: [{ write: 'README.md', content: text(3) }] })
  sandbox.commit({
    message: 'Name people',
    author: 'ada <ada@old.example>',
    files: [{ write: '.mailmap', content: 'Ada Lovelace <ada@example.org> <ada@old.example>\nAda Lovelace <ada@example.org>\n' }],
  })
  sandbox.tag('v0.9.0', first)
  const bad = sandbox.commit({
    message: 'Draw a logo\n\nWith bytes and code.',
    files: [
      { write: 'logo.png', content: Buffer.from([0x89, 0x50, 0, 0xff, 0xfe, 0]) },
      { write: 'src/a.ts', content: text(20) },
    ],
  })
  const side = sandbox.commit({ branch: 'side', parents: [first], message: 'Work aside', files: [{ write: 'src/side.ts', content: text(5) }] })
  sandbox.commit({ message: 'Move a file', files: [{ rename: 'src/a.ts', to: 'lib/a.ts' }] })
  const main = sandbox.commit({ message: `Revert "Draw a logo"\n\nThis reverts commit ${bad}.`, files: [{ remove: 'logo.png' }] })
  sandbox.tag('v1.0.0-rc.1', main, 'Nearly')
  const merge = sandbox.commit({ message: 'Merge side', parents: [main, side], files: [{ write: 'src/side.ts', content: text(5) }] })
  sandbox.tag('v1.0.0', merge, 'The first\n\nWith everything.')
  sandbox.commit({
    message: Buffer.from('Gr\xfc\xdfe an alle', 'latin1'),
    author: Buffer.from('J\xf6rg <joerg@example.org>', 'latin1'),
    files: [
      { write: Buffer.from('gr\xfc\xdfe.txt', 'latin1'), content: text(1) },
      { write: 'tab\tnew\nline"quote.txt', content: text(2) },
      { submodule: 'vendor/lib', commit: '1'.repeat(40) },
    ],
  })
  sandbox.tag('api@1.1.0', 'main')
  sandbox.tag('web/v2.0.0', 'main')
  sandbox.tag('backup', 'main')
}
