import { z } from 'zod'
import { knownTier, TIERS } from '../../domain/environment.ts'
import { AppError } from '../errors.ts'
import type { Project } from './projects.ts'

const metricOptions = z
  .object({
    window_days: z.number().positive().max(36_600).optional(),
    environment: z
      .string()
      .refine((name) => name === 'all' || knownTier(name) !== null, `a tier is one of ${TIERS.join(', ')}, or all`)
      .optional(),
  })
  .strict()
export type MetricOptions = z.infer<typeof metricOptions>

/** The names of the options, and the metric that each is of. What no metric would use is not taken. */
const METRIC_OF = {
  deployment_frequency: 'deployment_frequency',
  lead_time: 'change_lead_time',
  cfr: 'change_fail_rate',
  mttr: 'time_to_restore',
} as const
type OptionName = keyof typeof METRIC_OF
const OPTION_NAMES = Object.keys(METRIC_OF) as OptionName[]

export const PLUGINS = ['dora'] as const
export const doraOptions = z
  .object(
    Object.fromEntries(OPTION_NAMES.map((name) => [name, metricOptions.optional()])) as Record<
      OptionName,
      z.ZodOptional<typeof metricOptions>
    >,
  )
  .strict()
export type DoraOptions = z.infer<typeof doraOptions>

/** What a project says for a metric; nothing where it is switched off. */
export function optionsFor(project: Project, metric: string): MetricOptions | undefined {
  const dora = project.settings.find((one) => one.plugin === 'dora' && one.enabled)
  const name = OPTION_NAMES.find((one) => METRIC_OF[one] === metric)
  return name === undefined ? undefined : dora?.options[name]
}

export function requireOptions(given: unknown): DoraOptions {
  const parsed = doraOptions.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = (issue?.path ?? []).map(String)
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.map((key) => [...place, key].join('.')) : []
  throw new AppError(
    'invalid-input',
    unknown.length > 0 ? `The option ${unknown.join(', ')} is not known.` : `The option ${place.join('.')}: ${issue?.message}.`,
    { help: `Known: ${OPTION_NAMES.join(', ')}, each with window_days and environment.` },
  )
}
