import { entity, flag, instant, text } from './entity.ts'

/** A release or version that a tool lists: of a repository (GitHub, GitLab) or of a project (Jira). Whether it is a deployment is for the rules of the source. */
export const release = entity(
  'releases',
  {
    id: text(),
    repository: text().nullable(),
    project: text().nullable(),
    name: text(),
    tag: text().nullable(),
    revision: text().nullable(),
    /** Null while it is planned or a draft. */
    published_at: instant().nullable(),
    is_prerelease: flag(),
    is_draft: flag(),
    author: text().nullable(),
    url: text().nullable(),
  },
  ['id'],
)
