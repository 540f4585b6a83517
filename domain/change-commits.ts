import { entity, instants, text, texts } from './entity.ts'

/** The commits that a change carries, oldest first, as they stood when it was last looked at: one row, so that a force push replaces them all. */
export const changeCommits = entity(
  'change_commits',
  {
    change_id: text(),
    repository: text(),
    shas: texts(),
    /** Of each: the author date, or the committer date when the author date is later than it. */
    started_at: instants(),
    subjects: texts(),
  },
  ['repository', 'change_id'],
)
