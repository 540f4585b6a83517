import { entity, text, texts } from './entity.ts'

/** A team as a forge has it: a team of a GitHub organization, a group of GitLab. */
export const providerTeam = entity(
  'provider_teams',
  {
    /** `acme/payments`: the organization and the team, or the path of the group. */
    id: text(),
    name: text(),
    description: text().nullable(),
    /** The id of the team above it. */
    parent: text().nullable(),
    /** Logins. */
    members: texts(),
    /** Those of them who look after the team. */
    maintainers: texts(),
    repositories: texts(),
    url: text().nullable(),
  },
  ['source', 'id'],
)
