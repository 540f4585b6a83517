import { readFileSync, readdirSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { PROGRAM_ROOT } from '../program.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.map': 'application/json',
}

/** The pages of the dashboard: the paths that web/src/app.tsx knows, which a test holds. */
export const PAGES: ReadonlySet<string> = new Set([
  '/',
  '/sources',
  '/sources/detail',
  '/sources/connect',
  '/sources/settings',
  '/gaps',
  '/account',
  '/members',
  '/tokens',
  '/audit',
  '/organization',
  '/doctor',
  '/setup',
  '/teams',
  '/teams/detail',
  '/teams/import',
  '/teams/drift',
  '/people',
  '/people/mailmap',
  '/settings',
  '/settings/levels',
  '/settings/projects',
  '/invitation/:code',
  '/reset/:code',
])

/** `/reset/3f2a…` is the page `/reset/:code`. */
function pageOf(path: string): string {
  return path.replace(/^\/(invitation|reset)\/[^/]+$/, '/$1/:code')
}

export function isPage(path: string): boolean {
  return PAGES.has(pageOf(path))
}

/**
 * The built page, read once: only what the build made can be served, whatever a path says. A browser that asks for a page which does not
 * exist gets the page's own "not found"; everyone else gets null, and with it a problem document.
 */
export function loadStaticFiles(folder: string = join(PROGRAM_ROOT, 'dist', 'web')): (path: string, accept?: string) => Response | null {
  const files = new Map<string, { body: Buffer; type: string; hashed: boolean }>()
  for (const entry of listFiles(folder)) {
    const path = `/${relative(folder, entry).split(sep).join('/')}`
    files.set(path, {
      body: readFileSync(entry),
      type: TYPES[extname(entry)] ?? 'application/octet-stream',
      hashed: path.startsWith('/assets/'),
    })
  }
  return (path, accept = '') => {
    const asksPage = isPage(path) && (path === '/' || wantsPage(path, accept))
    const found = files.get(asksPage ? '/index.html' : path)
    const file = found ?? (wantsPage(path, accept) ? files.get('/index.html') : undefined)
    if (file === undefined) return null
    return new Response(new Uint8Array(file.body), {
      status: found === undefined ? 404 : 200,
      headers: { 'content-type': file.type, 'cache-control': file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache' },
    })
  }
}

/** Someone who looks at a page with a browser, and no program: those ask for JSON or for anything (a wildcard). */
function wantsPage(path: string, accept: string): boolean {
  return /\btext\/html\b/.test(accept) && !path.startsWith('/v1/') && !path.startsWith('/assets/')
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    // Not built: the API works without the page, and says so at `/`.
    return []
  }
}
