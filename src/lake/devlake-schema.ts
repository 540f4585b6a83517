import { CODE } from './devlake-code.ts'
import { COMPUTED } from './devlake-computed.ts'
import { BENCHMARKS, benchmarkWords, MONTHS, monthRows } from './devlake-constants.ts'
import { DELIVERY } from './devlake-delivery.ts'
import { ACCOUNTS, readStaff, TEAM_USERS, TEAMS, USER_ACCOUNTS, USERS } from './devlake-people.ts'
import { MAPPING, mapProjects, PROJECTS } from './devlake-projects.ts'
import { WORK } from './devlake-work.ts'
import type { LakeSchema } from './lake-schema.ts'
import { smallTable } from './small-table.ts'

/** The tables that DevLake's own boards read, by its names: their SQL runs here unchanged. */
export const devlakeSchema: LakeSchema = {
  name: 'devlake',
  async open(exporting) {
    const { analytics, choices, clock, org } = exporting
    const roster = await choices.roster(org)
    const mapped = await mapProjects(analytics, org, await choices.projects(org))
    const tools = { sources: [...roster.providers.keys()], providers: [...roster.providers.values()] }
    const staff = await readStaff(analytics, org, roster, tools)
    return {
      tables: [...CODE, ...DELIVERY, ...WORK, ...COMPUTED],
      params: { ...mapped.params, ...tools },
      others: [
        smallTable(exporting, PROJECTS, () => mapped.projects),
        smallTable(exporting, MAPPING, () => mapped.mapping),
        smallTable(exporting, ACCOUNTS, () => staff.accounts),
        smallTable(exporting, USERS, () => staff.users),
        smallTable(exporting, USER_ACCOUNTS, () => staff.links),
        smallTable(exporting, TEAMS, () => staff.teams),
        smallTable(exporting, TEAM_USERS, () => staff.members),
        smallTable(exporting, BENCHMARKS, benchmarkWords),
        smallTable(exporting, MONTHS, () => monthRows(analytics, org, clock.now())),
      ],
    }
  },
}
