import { symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Makes one file of a TypeScript program, for tests that kill a process of its own: Node.js 20 does not run TypeScript. Packages stay outside. */
export async function bundle(entry: string, directory: string): Promise<string> {
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
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

/** Lets a bundle find the packages of the checkout. */
export async function linkPackages(directory: string): Promise<void> {
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
}
