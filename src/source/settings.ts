import { z } from 'zod'
import type { Connector } from '../connector.ts'
import { AppError } from '../errors.ts'

/** The settings of a source as its connector declares them: which fields are credentials, and how each is called in a form. */
export interface Field {
  readonly name: string
  readonly secret: boolean
  readonly required: boolean
  readonly description: string
}

export function fieldsOf(connector: Connector): Field[] {
  const { config } = connector
  if (!(config instanceof z.ZodObject)) return []
  return Object.entries(config.shape as Record<string, z.ZodType>).map(([name, schema]) => ({
    name,
    secret: isSecretField(schema),
    required: !schema.safeParse(undefined).success,
    description: schema.meta()?.description ?? innerDescription(schema) ?? '',
  }))
}

/** Credential fields apart from the others, as they were given. */
export function splitSecrets(
  connector: Connector,
  given: Readonly<Record<string, unknown>>,
): { plain: Record<string, unknown>; secrets: Record<string, unknown> } {
  const secret = new Set(fieldsOf(connector).flatMap((field) => (field.secret ? [field.name] : [])))
  const plain: Record<string, unknown> = {}
  const secrets: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) (secret.has(name) ? secrets : plain)[name] = value
  return { plain, secrets }
}

/** Parsed by the connector's schema; a field that it does not know is named, so that a misspelt one is noticed. */
export function checkSettings(id: string, connector: Connector, given: unknown): unknown {
  const parsed = connector.config.safeParse(given)
  const known = new Set(fieldsOf(connector).map((field) => field.name))
  const unknown =
    known.size === 0 || typeof given !== 'object' || given === null ? [] : Object.keys(given).filter((name) => !known.has(name))
  const help = `docs/reference/connectors.md lists the settings of ${id}.`
  if (unknown.length > 0)
    throw new AppError('invalid-input', `A ${id} source has no setting ${unknown.join(', ')}.`, {
      help: `It has ${[...known].join(', ')}.`,
    })
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  const first = issues[0]
  throw new AppError('invalid-input', `The settings of the ${id} source are not valid: ${first?.path}: ${first?.message}.`, {
    help,
    detail: { errors: issues },
  })
}

function isSecretField(schema: z.ZodType): boolean {
  for (let one: z.ZodType | undefined = schema, depth = 0; one !== undefined && depth < 6; depth++) {
    if (one.meta()?.['secret'] === true) return true
    const { innerType, element } = one._zod.def as unknown as { innerType?: z.ZodType; element?: z.ZodType }
    one = innerType ?? element
  }
  return false
}

function innerDescription(schema: z.ZodType): string | undefined {
  const { innerType } = schema._zod.def as unknown as { innerType?: z.ZodType }
  return innerType === undefined ? undefined : (innerType.meta()?.description ?? innerDescription(innerType))
}
