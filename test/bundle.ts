import { symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What is built for the machine stays a package. */
const NATIVE = ['chdb', 'fs-native-extensions', '@node-rs/argon2']

/**
 * Makes one file of a TypeScript program, for tests that kill a process of its own: Node.js 20 does not run TypeScript. With its packages:
 * such a process starts in 0.33 s instead of 0.5 s, and some tests start hundreds.
 */
export async function bundle(entry: string, directory: string): Promise<string> {
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true, external: NATIVE },
    build: {
      ssr: join(root, entry),
      outDir: directory,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: '[name].mjs' } },
    },
  })
  return join(directory, basename(entry).replace(/\.ts$/, '.mjs'))
}

/** Lets a bundle find the packages that stayed outside. */
export async function linkPackages(directory: string): Promise<void> {
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
}
