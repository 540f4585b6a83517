// Builds the program and the page into dist/. `node scripts/build.mjs` builds always; bin/fairlead.mjs only when sources changed.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const stamp = join(dist, '.built')
const lock = join(root, 'node_modules', '.fairlead-build')
const SOURCES = ['src', 'domain', 'connectors', 'metrics', 'migrations', 'bench', 'web', 'package.json', 'tsconfig.json']

/** An installed package has no sources to build from; a clone rebuilds what is older than its sources. Of several that start at once, one builds. */
export async function buildIfStale() {
  if (!existsSync(join(root, 'src')) || isFresh()) return
  await locked(async () => {
    if (isFresh()) return
    process.stderr.write('Building Fairlead (a few seconds, once) …\n')
    await buildNow()
  })
}

export async function build() {
  await locked(buildNow)
}

/** Into a folder beside, which then takes the place of dist: a program that runs from the old one is not left without files half-way. */
async function buildNow() {
  const run = promisify(execFile)
  const bin = (name) => join(root, 'node_modules', '.bin', name)
  const next = `${dist}.next`
  rmSync(next, { recursive: true, force: true })
  const started = new Date().toISOString()
  try {
    await Promise.all([
      buildProgram(next),
      run(bin('vite'), ['build', '--config', 'web/vite.config.ts', '--outDir', join(next, 'web'), '--logLevel', 'warn'], { cwd: root }),
    ])
  } catch (thrown) {
    process.stderr.write(
      `${thrown.stdout ?? ''}${thrown.stderr ?? thrown.message}\nThe build failed. Run \`npm ci\` first; if it still fails, the lines above say why.\n`,
    )
    rmSync(lock, { recursive: true, force: true })
    process.exit(1)
  }
  writeFileSync(join(next, '.built'), started)
  const old = `${dist}.old`
  rmSync(old, { recursive: true, force: true })
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(next, dist)
  rmSync(old, { recursive: true, force: true })
}

/**
 * What is loaded by its name while the program runs stays a file: plugins, migrations in TypeScript (those of modules lie in folders of their
 * own), benches. What they share goes into chunks: 511 files of one module each took 0.35 s more of every command's start. Packages stay outside.
 */
async function buildProgram(outDir) {
  const { build } = await import('vite')
  const files = [
    'src/cli/program.ts',
    ...['connectors', 'metrics', 'bench'].flatMap((folder) => modulesIn(folder)),
    ...modulesIn('migrations', true),
  ]
  const input = files.map((file) => [file.replace(/\.ts$/, ''), join(root, file)])
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rollupOptions: {
        input: Object.fromEntries(input),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  })
}

function modulesIn(folder, recursive = false) {
  return readdirSync(join(root, folder), { recursive })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(folder, file))
}

function isFresh() {
  const built = existsSync(stamp) ? Date.parse(readFileSync(stamp, 'utf8')) : 0
  return newest(SOURCES.map((one) => join(root, one))) <= built
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

async function locked(work) {
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch (thrown) {
      if (thrown.code !== 'EEXIST') throw thrown
      // A build that was killed leaves its lock behind; none takes two minutes.
      if (Date.now() - statSync(lock, { throwIfNoEntry: false })?.mtimeMs > 120_000) rmSync(lock, { recursive: true, force: true })
      await sleep(100)
    }
  }
  try {
    await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
