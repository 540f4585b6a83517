import { noRow, statement } from '../store/statement.ts'

/** Changes of one organization's settings and editions stand one behind the other: an edition is not removed while it becomes the default. */
export const lockOrganization = statement({
  name: 'settings.lock',
  sql: 'SELECT id FROM organizations WHERE id = {org:uuid} FOR UPDATE',
  row: noRow,
})
