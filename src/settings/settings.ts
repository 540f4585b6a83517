import { z } from 'zod'
import { DERIVE_RULES, type DeriveRules } from '../measure/derive.ts'
import { DEFAULT_EDITION, LEVEL_MIN_SAMPLES } from '../measure/levels.ts'

const HOUR_MS = 3_600_000

interface Setting<S extends z.ZodType> {
  readonly title: string
  readonly description: string
  readonly schema: S
  readonly default: z.infer<S>
  /** A rule of what is derived: a change derives everything of the organization again. */
  readonly derives: boolean
}

const setting = <S extends z.ZodType>(definition: Setting<S>): Setting<S> => definition

/** Every setting of an organization. What stands here is used by a figure; checks, the JSON Schema and the list are made from it. */
export const SETTINGS = {
  level_min_samples: setting({
    title: 'Samples for a level',
    description: 'No level and no verdict of a trend below so many samples.',
    schema: z.number().int().min(1).max(1_000),
    default: LEVEL_MIN_SAMPLES,
    derives: false,
  }),
  default_edition: setting({
    title: 'Edition of the levels',
    description: 'The edition that rates figures where none is asked for: a published one, or one of the organization’s own.',
    schema: z.string().min(1).max(40),
    default: DEFAULT_EDITION as string,
    derives: false,
  }),
  incident_link_window_hours: setting({
    title: 'Hours from a deployment to its incident',
    description: 'An incident that names no deployment belongs to the latest one that finished within so many hours before it.',
    schema: z.number().positive().max(8_760),
    default: DERIVE_RULES.incidentLinkWindowMs / HOUR_MS,
    derives: true,
  }),
  first_deployment: setting({
    title: 'What a first deployment ships',
    description: 'The very first deployment of a service ships its head commit only, or the whole history before it.',
    schema: z.enum(['head_only', 'whole_history']),
    default: 'head_only',
    derives: true,
  }),
} as const

export type SettingKey = keyof typeof SETTINGS
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[]
export type SettingValues = { readonly [K in SettingKey]: z.infer<(typeof SETTINGS)[K]['schema']> }

export function deriveRulesOf(values: SettingValues): DeriveRules {
  return {
    firstDeploymentShipsWholeHistory: values.first_deployment === 'whole_history',
    incidentLinkWindowMs: values.incident_link_window_hours * HOUR_MS,
  }
}
