import { code, page, table } from './markdown.ts'

/** What is read of an OpenAPI 3.1 document. */
export interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly description?: string
  readonly summary?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly content?: Content }
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
}

/** The API as a page for people; programs read /v1/openapi.json. */
export function apiPage(document: OpenApi): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  )
  const named = Object.entries(document.components?.schemas ?? {}).filter(([, schema]) => Object.keys(schema).length > 0)
  // A schema that stands in the document again, spelt out, is shown by its name.
  const names = new Map(named.map(([name, schema]) => [JSON.stringify(schema), name]))
  return page(
    '# HTTP API',
    'A running server has this page at `/docs` and the OpenAPI 3.1 document at `/v1/openapi.json`. Errors are problem documents (RFC 9457, shape `Problem`). [API](../api.md) shows it in use.',
    table(
      ['route', '', 'needs'],
      operations.map(({ title, operation }) => [
        code(title),
        operation.summary ?? '',
        operation.security === undefined ? 'nothing' : 'a token or a session',
      ]),
    ),
    ...operations.map(({ title, operation }) => section(title, operation, names)),
    '## Shapes',
    ...named.map(([name, schema]) => `### ${name}\n\n\`\`\`\n${object(schema, names, '\n')}\n\`\`\``),
  )
}

type Names = ReadonlyMap<string, string>

function section(title: string, operation: Operation, names: Names): string {
  const parameters = (operation.parameters ?? []).map((one) => [
    `${code(one.name)}${one.required ? ' (required)' : ''}`,
    one.in,
    shape(one.schema ?? {}, names),
    [one.description, one.schema?.default === undefined ? undefined : `Default ${code(String(one.schema.default))}.`]
      .filter(Boolean)
      .join(' '),
  ])
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, { schema }]) => `- body ${code(type)}${inline(schema, names)}`,
  )
  const replies = Object.entries(operation.responses ?? {})
    .filter(([status]) => status !== 'default')
    .map(([status, { description = '', content = {} }]) => {
      const [first] = Object.values(content)
      return `- ${code(status)} ${description.replace(/\.$/, '')}${inline(first?.schema, names)}`
    })
  return page(
    `## \`${title}\``,
    operation.summary ?? '',
    table(['parameter', 'in', 'type', ''], parameters),
    [...bodies, ...replies].join('\n'),
  )
}

/** The shape behind what is said of it; the event, which is long and has a page of its own, is named. */
function inline(schema: Schema | undefined, names: Names): string {
  if (schema === undefined || schema.type === 'string') return ''
  if (schema.anyOf?.some((one) => one.properties?.['kind'] !== undefined)) return ': an [event](events.md), or an array of them'
  return `: ${code(shape(schema, names))}`
}

/** A schema as a type expression; a shape that has a name is its name. */
function shape(schema: Schema, names: Names, separator = ', '): string {
  const name = schema.$ref?.split('/').at(-1) ?? names.get(JSON.stringify(schema))
  if (name !== undefined) return name
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map((one) => shape(one, names, separator)))].join(' | ')
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any'])
  return types.map((type) => typed(type, schema, names, separator)).join(' | ')
}

function typed(type: string, schema: Schema, names: Names, separator: string): string {
  if (type === 'string') return schema.format === 'date-time' ? 'time' : 'string'
  if (type === 'object') return object(schema, names, separator)
  if (type !== 'array') return type
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map((one) => shape(one, names)).join(', ')}]`
  const item = shape(schema.items ?? {}, names, separator)
  return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
}

/** On one line, or with a field a line when the separator is a line break, which grows with the depth. */
function object(schema: Schema, names: Names, separator: string): string {
  const fields = Object.entries(schema.properties ?? {})
  if (fields.length === 0) {
    const { additionalProperties: other } = schema
    return typeof other === 'object' ? `{ [key]: ${shape(other, names, separator)} }` : 'object'
  }
  const inner = separator.startsWith('\n') ? `${separator}  ` : separator
  const texts = fields.map(([name, one]) => `${name}${schema.required?.includes(name) ? '' : '?'}: ${shape(one, names, inner)}`)
  return inner === separator ? `{ ${texts.join(separator)} }` : `{${inner}${texts.join(inner)}${separator}}`
}
