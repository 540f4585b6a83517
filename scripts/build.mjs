// Builds the server (tsc) and the page (vite) into dist/. `node scripts/build.mjs` builds always; bin/fairlead.mjs only when sources changed.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'dist', '.built')
const SOURCES = ['src', 'domain', 'connectors', 'metrics', 'web', 'package.json', 'tsconfig.json', 'tsconfig.build.json']

/** An installed package has no sources to build from; a clone rebuilds what is older than its sources. */
export async function buildIfStale() {
  if (!existsSync(join(root, 'tsconfig.build.json'))) return
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0
  if (newest(SOURCES.map((one) => join(root, one))) <= built) return
  process.stderr.write('Building Fairlead (a few seconds, once) …\n')
  await build()
}

export async function build() {
  const run = promisify(execFile)
  const bin = (name) => join(root, 'node_modules', '.bin', name)
  for (const folder of ['src', 'domain', 'connectors', 'metrics']) rmSync(join(root, 'dist', folder), { recursive: true, force: true })
  const started = Date.now()
  try {
    await Promise.all([
      run(bin('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root }),
      run(bin('vite'), ['build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'], { cwd: root }),
    ])
  } catch (thrown) {
    process.stderr.write(
      `${thrown.stdout ?? ''}${thrown.stderr ?? ''}\nThe build failed. Run \`npm ci\` first; if it still fails, the lines above say why.\n`,
    )
    process.exit(1)
  }
  writeFileSync(stamp, new Date(started).toISOString())
}

function newest(paths) {
  let latest = 0
  for (const path of paths) {
    if (!existsSync(path)) continue
    const stat = statSync(path)
    latest = Math.max(latest, stat.mtimeMs)
    if (stat.isDirectory()) latest = Math.max(latest, newest(readdirSync(path).map((name) => join(path, name))))
  }
  return latest
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
