/** A name that says "this is the version" and not which part of the repository it is of. */
const PLAIN_NAMES = new Set([
  '',
  'v',
  'ver',
  'version',
  'r',
  'rel',
  'release',
  'releases',
  'tag',
  'tags',
  'stable',
  'prod',
  'production',
  'live',
])
const VERSION = /^v?\d+(?<dotted>\.\d)?/i
const PRERELEASE = /(?:^|[^a-z])(?:alpha|beta|rc|dev|pre|preview|prerelease|canary|nightly|snapshot|next|test)(?:[^a-z]|$)|\d[abc]\d+$/i

/** A tag as name and version: `api/v1.4.0` is `api` and `v1.4.0`. Null when it holds no version. */
function readTag(tag: string): { name: string; version: string; dotted: boolean } | null {
  let undotted: { name: string; version: string; dotted: boolean } | null = null
  for (let start = 0; start < tag.length; start++) {
    if (start > 0 && !/[@/_=-]/.test(tag[start - 1] ?? '')) continue
    const version = tag.slice(start)
    const found = VERSION.exec(version)
    if (found === null) continue
    const read = { name: tag.slice(0, start).replace(/[@/_=-]{1,3}$/, ''), version, dotted: found.groups?.['dotted'] !== undefined }
    if (read.dotted) return read
    undotted ??= read
  }
  return undotted
}

/** What a tag releases: of a monorepo's tag the part, of any other tag ''; null when the tag is no release. */
export function releaseOf(tag: string, repository: string): string | null {
  const read = readTag(tag)
  if (read === null || PRERELEASE.test(read.version) || /(?:^|[^a-z])(?:nightly|canary)$/i.test(read.name)) return null
  const name = read.name.toLowerCase()
  if (PLAIN_NAMES.has(name) || name === repository.toLowerCase() || name === repository.split('/').at(-1)?.toLowerCase()) return ''
  return read.dotted ? read.name : null
}
