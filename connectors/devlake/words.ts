import type { WorkItem } from '../../domain/work-item.ts'

/** DevLake's own words for issues, as its database has them and as its webhook takes them. */
export const KIND: Record<string, WorkItem['kind']> = {
  INCIDENT: 'incident',
  BUG: 'bug',
  REQUIREMENT: 'feature',
  TASK: 'task',
  SUBTASK: 'subtask',
  EPIC: 'epic',
}
export const CATEGORY: Record<string, WorkItem['status']> = { TODO: 'todo', IN_PROGRESS: 'in_progress', DONE: 'done' }
