import { z } from 'zod'

/** On a row that stands for what is told elsewhere: it is left out. */
export const DERIVED = 'fairlead:derived'

/**
 * A database in DevLake's form may be one that `fairlead export lake --schema devlake` wrote. Its rows say so, and some of their ids say what
 * they stand for; so what DevLake has no column for comes back all the same.
 */
const FAIRLEAD = ['fairlead', DERIVED] as const

/** Only on rows that Fairlead wrote: those of DevLake are then the same bytes as ever. */
export const byFairlead = z.enum(FAIRLEAD).optional()

export const fairleadMark = (alias: string) =>
  `if(${alias}.\`_raw_data_table\` in (${FAIRLEAD.map((one) => `'${one}'`).join(', ')}), ${alias}.\`_raw_data_table\`, null) as fairlead`

export function marked({ fairlead, ...row }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof fairlead === 'string' ? { ...row, fairlead } : row
}

/** `fairlead:["checkout","acme/shop"]` → its parts, null for those that are empty; null for an id of any other form. */
export function partsOf(id: unknown): (string | null)[] | null {
  if (typeof id !== 'string' || !id.startsWith('fairlead:[')) return null
  try {
    const parsed = z.array(z.string()).safeParse(JSON.parse(id.slice('fairlead:'.length)))
    return parsed.success ? parsed.data.map((part) => (part === '' ? null : part)) : null
  } catch {
    // One that was too long for its column.
    return null
  }
}

/** An id that is only one within something else has that in front of it, where another has the same. */
export function inner(id: string, outer: string, by: z.output<typeof byFairlead>): string {
  return by !== undefined && id.startsWith(`${outer} `) ? id.slice(outer.length + 1) : id
}

/** Where an incident happened, as the id of its board says. */
export function placeOf(id: unknown) {
  const parts = partsOf(id)
  if (parts === null) return null
  const [environment = null, environment_name = null, service = null, repository = null] = parts
  return { environment, environment_name, service, repository }
}
export const placePayload = z
  .object({
    environment: z.string().nullable(),
    environment_name: z.string().nullable(),
    service: z.string().nullable(),
    repository: z.string().nullable(),
  })
  .nullable()
  .optional()
