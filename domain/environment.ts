/** Environments are normalised to a tier; the raw name is kept beside it. Aliases follow what emitters send in practice. */
export const TIERS = ['production', 'staging', 'testing', 'development', 'other'] as const
export type Tier = (typeof TIERS)[number]

const ALIASES: Record<Exclude<Tier, 'other'>, readonly string[]> = {
  production: ['production', 'prod', 'prd', 'live', 'main'],
  staging: ['staging', 'stage', 'stg', 'preprod', 'pre-prod', 'pre-production', 'uat'],
  testing: ['testing', 'test', 'tst', 'qa', 'integration', 'ci'],
  development: ['development', 'dev', 'local', 'sandbox'],
}

const TIER_OF = new Map(Object.entries(ALIASES).flatMap(([tier, names]) => names.map((name) => [name, tier as Tier])))

/** The tier of a name that is known: a tier, or an alias of one; null for any other. */
export function knownTier(name: string): Tier | null {
  const plain = name.trim().toLowerCase()
  return TIERS.find((tier) => tier === plain) ?? TIER_OF.get(plain) ?? null
}

/** `prod`, `PROD` and ` live ` are production; a name that is not known is `other`. */
export function tierOf(name: string): Tier {
  return knownTier(name) ?? 'other'
}

/**
 * The environment that a name ends or begins with: `shop-prod`, `prod.shop` and `shop-pre-prod` name one, and `shop-non-prod` names `non-prod`, which
 * is not production. Null where no part is known.
 */
export function environmentIn(name: string): string | null {
  const parts = name.split(/[-_.]/)
  const negated = /(?:^|[-_.])(non?-?(?:prod|production))(?:[-_.]|$)/i.exec(name)?.[1]
  const tried = [name, parts.slice(-2).join('-'), parts.slice(0, 2).join('-'), parts.at(-1) ?? '', parts[0] ?? '']
  return negated ?? tried.find((one) => knownTier(one) !== null) ?? null
}
