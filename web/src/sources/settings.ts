import type { Connector, Schema } from '../api/contract.ts'

/**
 * The settings of a source between the API and a form. A form holds texts; what is empty, or equal to the connector's default and was never
 * said, is left out, so that a default that changes with the connector is followed.
 */
export type Field = { name: string; label: string; description: string; required: boolean; schema: Schema } & Kind

type Kind =
  | { kind: 'text' | 'number' | 'boolean' | 'lines' | 'json' }
  | { kind: 'choice'; choices: string[] }
  | { kind: 'secret'; long: boolean }
  | { kind: 'secrets'; most: number }
  | { kind: 'rules'; parts: RulePart[] }

/** A field of one rule of a list. */
export interface RulePart {
  name: string
  label: string
  description: string
  required: boolean
  kind: 'text' | 'lines' | 'choice' | 'boolean'
  choices: string[]
}

export type Rule = Record<string, string>
export type Value = string | boolean | string[] | Rule[]
export type Values = Record<string, Value>

export function fieldsOf(connector: Connector): Field[] {
  const { properties = {}, required = [] } = connector.schema
  return connector.fields.flatMap(({ name, secret, description }) => {
    const schema = plain(properties[name])
    if (schema === undefined) return []
    const field = { name, label: labelOf(name), description: description || (schema.description ?? ''), required: required.includes(name) }
    return [{ ...field, schema, ...kindOf(schema, secret, `${name} ${description}`) }]
  })
}

function kindOf(schema: Schema, secret: boolean, words: string): Kind {
  const type = typeOf(schema)
  if (secret)
    return type === 'array' ? { kind: 'secrets', most: schema.maxItems ?? 2 } : { kind: 'secret', long: /pem\b|private.?key/i.test(words) }
  if (schema.enum?.every((one) => typeof one === 'string') === true) return { kind: 'choice', choices: schema.enum as string[] }
  if (type === 'boolean') return { kind: 'boolean' }
  if (type === 'integer' || type === 'number') return { kind: 'number' }
  if (type === 'string') return { kind: 'text' }
  if (type !== 'array') return { kind: 'json' }
  const items = plain(schema.items)
  if (items !== undefined && typeOf(items) === 'string') return { kind: 'lines' }
  const parts = items === undefined ? null : rulePartsOf(items)
  return parts === null ? { kind: 'json' } : { kind: 'rules', parts }
}

/** The fields of a list of flat objects; null where they are not flat. */
function rulePartsOf({ properties, required = [] }: Schema): RulePart[] | null {
  if (properties === undefined) return null
  const parts = Object.entries(properties).map(([name, given]): RulePart | null => {
    const schema = plain(given) ?? {}
    const type = typeOf(schema)
    const isLines = type === 'array' && typeOf(plain(schema.items) ?? {}) === 'string'
    const choices = schema.enum?.every((one) => typeof one === 'string') === true ? (schema.enum as string[]) : []
    const kind = choices.length > 0 ? 'choice' : type === 'string' ? 'text' : type === 'boolean' ? 'boolean' : isLines ? 'lines' : null
    const description = given.description ?? schema.description ?? ''
    return kind === null ? null : { name, label: labelOf(name), description, required: required.includes(name), kind, choices }
  })
  return parts.some((part) => part === null) ? null : (parts as RulePart[])
}

/** Without the null that an optional field may also be. */
function plain(schema: Schema | undefined): Schema | undefined {
  const others = schema?.anyOf?.filter(({ type }) => type !== 'null')
  return others?.length === 1 ? { ...schema, ...others[0] } : schema
}

function typeOf({ type }: Schema): string | undefined {
  return Array.isArray(type) ? type.find((one) => one !== 'null') : type
}

const ACRONYMS: Record<string, string> = { url: 'URL', id: 'id', jql: 'JQL', api: 'API', ca: 'CA' }

/** `webhook_secrets` → `Webhook secrets` */
export function labelOf(name: string): string {
  const words = name.split('_').map((word) => ACRONYMS[word] ?? word)
  const text = words.join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What the form shows at first: the settings that stand, else the connector's defaults. */
export function valuesOf(fields: Field[], config: Record<string, unknown>): Values {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, config[field.name] ?? field.schema.default)]))
}

function valueOf(field: Field, value: unknown): Value {
  switch (field.kind) {
    case 'boolean':
      return value === true
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : ''
    case 'secret':
      return ''
    case 'secrets':
      return ['']
    case 'rules':
      return Array.isArray(value) ? value.map((rule) => ruleOf(field.parts, rule as Record<string, unknown>)) : []
    case 'json':
      return value === undefined ? '' : JSON.stringify(value, null, 2)
    default:
      return value === undefined || value === null ? '' : String(value)
  }
}

export function ruleOf(parts: RulePart[], rule: Record<string, unknown>): Rule {
  return Object.fromEntries(
    parts.map(({ name, kind, required, choices }) => {
      const value = rule[name]
      if (kind === 'lines') return [name, Array.isArray(value) ? value.join('\n') : '']
      if (value === undefined || value === null) return [name, kind === 'choice' && required ? (choices[0] ?? '') : '']
      return [name, String(value)]
    }),
  )
}

/** The settings that the form says, or what is wrong with it, by field. */
export function settingsOf(
  fields: Field[],
  values: Values,
  standing: { config: Record<string, unknown>; secrets: string[] },
): { config: Record<string, unknown>; problems: Record<string, string> } {
  // What the form does not know stays as it is.
  const config: Record<string, unknown> = Object.fromEntries(
    Object.entries(standing.config).filter(([name]) => !fields.some((field) => field.name === name)),
  )
  const problems: Record<string, string> = {}
  for (const field of fields) {
    const said = saidBy(field, values[field.name])
    if ('problem' in said) problems[field.name] = said.problem
    else if (said.value !== undefined) {
      const asDefault = JSON.stringify(said.value) === JSON.stringify(field.schema.default)
      if (!asDefault || field.name in standing.config) config[field.name] = said.value
    } else if (field.required && !standing.secrets.includes(field.name)) problems[field.name] = 'This is needed.'
  }
  return { config, problems }
}

type Said = { value: unknown } | { problem: string }

/** Undefined for what is not said. */
function saidBy(field: Field, value: Value | undefined): Said {
  if (field.kind === 'boolean') return { value: value === true }
  if (field.kind === 'rules') return rulesSaid(field.parts, (value ?? []) as Rule[])
  if (field.kind === 'secrets') {
    const given = ((value ?? []) as string[]).map((one) => one.trim()).filter((one) => one !== '')
    return { value: given.length === 0 ? undefined : given }
  }
  const text = String(value ?? '').trim()
  if (field.kind === 'lines') {
    const given = lines(text)
    const unsaid = given.length === 0 && (field.schema.default === undefined || JSON.stringify(field.schema.default) === '[]')
    return { value: unsaid ? undefined : given }
  }
  if (text === '') return { value: undefined }
  if (field.kind === 'number') return numberSaid(field.schema, text)
  if (field.kind === 'json') return jsonSaid(text)
  if (field.schema.format === 'uri' && !isAddress(text)) return { problem: 'This must be an address such as https://tool.example.org.' }
  return { value: text }
}

function numberSaid({ minimum, maximum, ...schema }: Schema, text: string): Said {
  const number = Number(text)
  if (!Number.isFinite(number) || (typeOf(schema) === 'integer' && !Number.isInteger(number))) return { problem: 'This must be a number.' }
  if (minimum !== undefined && number < minimum) return { problem: `This must be at least ${minimum}.` }
  if (maximum !== undefined && number > maximum) return { problem: `This must be at most ${maximum}.` }
  return { value: number }
}

function jsonSaid(text: string): Said {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (thrown) {
    return { problem: `This is no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}

function rulesSaid(parts: RulePart[], rules: Rule[]): Said {
  const value: Record<string, unknown>[] = []
  for (const [index, rule] of rules.entries()) {
    const said: Record<string, unknown> = {}
    for (const { name, label, kind, required } of parts) {
      const text = (rule[name] ?? '').trim()
      if (text === '') {
        if (required) return { problem: `Rule ${index + 1} needs “${label}”.` }
      } else said[name] = kind === 'lines' ? lines(text) : kind === 'boolean' ? text === 'true' : text
    }
    value.push(said)
  }
  return { value }
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function isAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol)
  } catch {
    return false
  }
}

/** The rule that takes the runs of one workflow for deployments. */
export function ruleForWorkflow(parts: RulePart[], workflow: string): Rule {
  return ruleOf(parts, { from: 'run', name: patternOf(workflow) })
}

/** The pattern (RE2) for this very name, and nothing else that contains it. */
export function patternOf(name: string): string {
  return `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}$`
}
