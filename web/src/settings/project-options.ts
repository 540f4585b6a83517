import type { MetricOptions, Project } from '../api/settings.ts'

/** The options of the DORA metrics, by the names that the API has for them. */
export const OPTIONS = [
  { name: 'deployment_frequency', title: 'Deployment frequency' },
  { name: 'lead_time', title: 'Change lead time' },
  { name: 'cfr', title: 'Change fail rate' },
  { name: 'mttr', title: 'Time to restore' },
] as const

export const PLUGIN = 'dora'

export function optionsOf(project: Project | null): { options: Record<string, MetricOptions>; enabled: boolean } {
  const { options = {}, enabled = true } = project?.settings.find(({ plugin }) => plugin === PLUGIN) ?? {}
  return { options, enabled }
}
