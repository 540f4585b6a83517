import type { DeployedImage } from '../../domain/deployed-image.ts'
import { isAnyFound } from '../../domain/pattern.ts'
import { repositoryOf } from '../../src/git/refs.ts'
import type { Application } from './application.ts'
import type { Config } from './config.ts'
import { isHash, type Origin } from './source.ts'

interface Commit {
  readonly revision: string | null
  readonly revision_rule: string | null
  readonly repository: string | null
}

/** The commit of the code, by the rules that `docs` states. */
export function commitOf(
  sync: Application & { readonly origins: readonly Origin[]; readonly isNewest: boolean },
  built: DeployedImage,
  config: Config,
): Commit {
  const said = (key: string) => (sync.isNewest ? (sync.annotations[key] ?? sync.labels[key] ?? null) : null)
  const named = said('fairlead.dev/repository')
  const repository =
    (named === null ? null : (repositoryOf(named) ?? named)) ??
    built.repository ??
    repositoryOf(said('org.opencontainers.image.source') ?? '')
  const codes = sync.origins.filter(
    (one) => one.repository !== null && !one.isChart && isHash(one.revision) && !isAnyFound(config.manifest_repositories, one.repository),
  )
  const code = codes.length === 1 ? codes[0] : undefined
  for (const rule of config.commit_from) {
    if (rule === 'source_revision') {
      if (code !== undefined) return { revision: code.revision.toLowerCase(), revision_rule: rule, repository: code.repository }
      continue
    }
    const found =
      rule === 'image_tag' ? built.commit : said(rule === 'annotation' ? 'fairlead.dev/commit' : 'org.opencontainers.image.revision')
    if (found !== null && isHash(found))
      return { revision: found.toLowerCase(), revision_rule: rule, repository: repository ?? code?.repository ?? null }
  }
  return { revision: null, revision_rule: null, repository }
}
