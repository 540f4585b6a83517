import { LineCounter, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { ownedPattern, OWNED_KINDS, teamSlug } from '../../domain/ownership.ts'
import { line } from '../../domain/pattern.ts'
import { AppError } from '../errors.ts'

export const precedence = () => z.number().int().min(-1_000_000).max(1_000_000)

const owned = z
  .object({ repository: ownedPattern().optional(), service: ownedPattern().optional(), precedence: precedence().default(0) })
  .strict()
  .refine((one) => (one.repository === undefined) !== (one.service === undefined), 'must name either a repository or a service')
/** A day is its first moment in UTC. */
export const moment = () =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true })])
    .transform((text) => new Date(text.length === 10 ? `${text}T00:00:00Z` : text).toISOString())
const member = z
  .object({ person: line(), role: z.string().trim().min(1).max(100).nullish(), from: moment().nullish(), to: moment().nullish() })
  .strict()
const team = z
  .object({
    slug: teamSlug(),
    name: line().optional(),
    description: z.string().max(2_000).nullish(),
    parent: teamSlug().nullish(),
    owns: z.array(owned).max(5_000).default([]),
    members: z.array(member).max(5_000).optional(),
  })
  .strict()
const file = z.object({ teams: z.array(team).max(5_000) }).strict()

export interface TeamsFile {
  readonly teams: readonly {
    readonly slug: string
    readonly name: string
    readonly description: string | null
    readonly parent: string | null
    /** Null where the file says nothing of them. */
    readonly members:
      | readonly {
          readonly person: string
          readonly role: string | null
          readonly valid_from: string | null
          readonly valid_to: string | null
        }[]
      | null
    readonly owns: readonly { readonly kind: (typeof OWNED_KINDS)[number]; readonly pattern: string; readonly precedence: number }[]
  }[]
}

/** Teams as YAML or JSON, which YAML holds. What is wrong is told with its line. */
export function readTeamsFile(text: string): TeamsFile {
  const lines = new LineCounter()
  const at = (offset: number | undefined) => (offset === undefined ? 1 : lines.linePos(offset).line)
  let document: Document.Parsed
  let value: unknown
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const [broken] = document.errors
    if (broken !== undefined) throw refused([{ line: at(broken.pos[0]), path: '', message: broken.message }])
    value = document.toJS({ maxAliasCount: 100 })
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    // Nesting deeper than the stack, or aliases that would grow without end.
    throw refused([{ line: 1, path: '', message: thrown instanceof Error ? thrown.message : String(thrown) }])
  }
  const parsed = file.safeParse(value)
  if (!parsed.success)
    throw refused(
      parsed.error.issues.map((issue) => ({ line: at(startOf(document, issue.path)), path: issue.path.join('.'), message: issue.message })),
    )
  refuseTwice(document, at, parsed.data.teams)
  return {
    teams: parsed.data.teams.map(({ slug, name = slug, description = null, parent = null, owns, members }) => ({
      slug,
      name,
      description,
      parent,
      members:
        members?.map(({ person, role = null, from = null, to = null }) => ({
          person: person.trim(),
          role,
          valid_from: from,
          valid_to: to,
        })) ?? null,
      owns: owns.map(({ repository, service, precedence }) =>
        service === undefined
          ? { kind: 'repository', pattern: repository as string, precedence }
          : { kind: 'service', pattern: service, precedence },
      ),
    })),
  }
}

function refuseTwice(document: Document.Parsed, at: (offset: number | undefined) => number, teams: z.infer<typeof file>['teams']): void {
  const seen = new Set<string>()
  teams.forEach((one, index) => {
    const twice = (path: (string | number)[], message: string) =>
      refused([{ line: at(startOf(document, path)), path: path.join('.'), message }])
    if (seen.has(one.slug)) throw twice(['teams', index, 'slug'], `${one.slug} stands twice`)
    seen.add(one.slug)
    const rules = new Set<string>()
    one.owns.forEach(({ repository, service }, place) => {
      const rule = service === undefined ? `repository ${repository}` : `service ${service}`
      if (rules.has(rule)) throw twice(['teams', index, 'owns', place], `${rule} stands twice`)
      rules.add(rule)
    })
  })
}

/** Where a value begins, or the nearest that holds it. */
function startOf(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const found: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    const range = (found as { range?: readonly number[] } | null | undefined)?.range
    if (range != null) return range[0]
  }
  return undefined
}

function refused(problems: readonly { line: number; path: string; message: string }[]): AppError {
  const [first] = problems as [(typeof problems)[number]]
  return new AppError('invalid-input', `Line ${first.line}${first.path === '' ? '' : `, ${first.path}`}: ${first.message}`, {
    help: 'How the file is written stands in docs/guides/teams.md.',
    ...(problems.length === 1
      ? {}
      : {
          detail: {
            errors: problems.map((one) => ({ path: `line ${one.line}${one.path === '' ? '' : `, ${one.path}`}`, message: one.message })),
            count: problems.length,
          },
        }),
  })
}
