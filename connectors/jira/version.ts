import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { release } from '../../domain/release.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { walkLists } from '../../src/paging.ts'
import { listOf, projectKeys, readAll, rest } from './api.ts'
import type { Config } from './config.ts'
import { date, dayOf, distinct, numbered, pageOf } from './payload.ts'

/** All versions of a project in one, likewise. */
export const versionsPayload = z.object({
  project: z.string(),
  versions: z.array(z.object({ id: numbered, name: z.string(), released: z.boolean().nullish(), releaseDate: date.nullish() })),
})

type VersionsPayload = z.output<typeof versionsPayload>

export async function* pullVersions(ask: Ask<Config>): AsyncGenerator<Page> {
  const lists = (await projectKeys(ask)).map((project) =>
    listOf(project, async () => {
      const versions = await readAll(ask, rest(ask.config, `/project/${encodeURIComponent(project)}/version`))
      return { items: versions === null ? [] : [pulled(project, null, { project, versions })], next: null }
    }),
  )
  yield* walkLists(ask, 'versions', lists)
}

export function versionRows({ project, versions }: VersionsPayload, _raw: Raw, config: Config): DomainRows {
  const rows = versions.map((version) =>
    rowOf(release, {
      id: String(version.id),
      project,
      name: version.name,
      published_at: version.released === true ? dayOf(version.releaseDate) : null,
      is_prerelease: false,
      is_draft: version.released !== true,
      url: pageOf(config, `/projects/${encodeURIComponent(project)}/versions/${version.id}`),
    }),
  )
  return { releases: distinct(rows) }
}
