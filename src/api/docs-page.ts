import { html } from 'hono/html'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
}

interface Operation {
  readonly summary?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>
}

interface Named extends Operation {
  readonly path: string
  readonly method: string
  readonly anchor: string
}

interface Field {
  readonly name: string
  readonly where: string
  readonly schema: Schema
  readonly required: boolean
  readonly description: string
}

/** The API, readable: made from the OpenAPI document, without a script. */
export function docsPage(document: {
  readonly info: { readonly title: string; readonly version: string }
  readonly paths?: object
}): string {
  const paths = Object.entries((document.paths ?? {}) as Record<string, Record<string, Operation>>)
  const operations = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Named => ({
      ...operation,
      path,
      method: method.toUpperCase(),
      anchor: `${method}${path.replaceAll(/[^a-z0-9]+/gi, '-')}`,
    })),
  )
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>${document.info.title} API</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href="/docs.css" />
        </head>
        <body>
          <header>
            <a class="back" href="/">${document.info.title}</a>
            <h1>API <small>version ${document.info.version}</small></h1>
            <p>
              The same for programs: <a href="/v1/openapi.json">/v1/openapi.json</a> (OpenAPI 3.1). Where a token is needed, send
              <code>Authorization: Bearer flt_…</code>; the dashboard’s session does as well. Errors are problem documents (RFC 9457) with
              <code>code</code>, <code>detail</code> and <code>help</code>.
            </p>
          </header>
          <nav aria-label="Routes">
            <ul>
              ${operations.map(
                ({ anchor, method, path }) =>
                  html`<li>
                    <a href="#${anchor}"><span class="method">${method}</span> ${path}</a>
                  </li>`,
              )}
            </ul>
          </nav>
          <main>${operations.map(section)}</main>
        </body>
      </html>`,
  )
}

function section(operation: Named) {
  const { anchor, method, path, summary, security, responses } = operation
  const fields = [...parameters(operation), ...bodyFields(operation)]
  return html`<section id="${anchor}">
    <h2><span class="method">${method}</span> ${path}</h2>
    <p>${prose(summary ?? '')}${security ? html` <span class="needs">needs a token</span>` : ''}</p>
    ${fields.length === 0 ? '' : fieldTable(fields, `${method} ${path}`)}
    <dl>
      ${Object.entries(responses ?? {}).map(
        ([status, { description }]) =>
          html`<div>
            <dt>${status === 'default' ? 'else' : status}</dt>
            <dd>${prose(description ?? '')}</dd>
          </div>`,
      )}
    </dl>
  </section>`
}

function fieldTable(fields: readonly Field[], name: string) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="What ${name} takes">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">In</th>
          <th scope="col">Type</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${fields.map(
          (field) =>
            html`<tr>
              <th scope="row"><code>${field.name}</code></th>
              <td>${field.where}${field.required ? ', required' : ''}</td>
              <td><code>${typeOf(field.schema)}</code></td>
              <td>${prose(field.description)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function parameters({ parameters: given = [] }: Operation): Field[] {
  return given.map(({ name, in: where, schema = {}, required = false, description }) => ({
    name,
    where,
    schema,
    required,
    description: description ?? schema.description ?? '',
  }))
}

/** The fields of a JSON object; where one or many may be sent, those of the one. */
function bodyFields({ requestBody }: Operation): Field[] {
  const body = requestBody?.content?.['application/json']?.schema
  const one = body?.properties === undefined ? body?.anyOf?.find(({ properties }) => properties !== undefined) : body
  return Object.entries(one?.properties ?? {}).map(([name, schema]) => ({
    name,
    where: 'body',
    schema,
    required: one?.required?.includes(name) === true && schema.default === undefined,
    description: schema.description ?? '',
  }))
}

/** What stands between backticks is code. */
function prose(text: string) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}

function typeOf(schema: Schema): string {
  const { type, enum: values, format, default: fallback, items } = schema
  const names = (typeof type === 'string' ? [type] : (type ?? [])).filter((name) => name !== 'null').join(' or ')
  const plain = format === undefined ? names : format
  const base = values === undefined ? (items === undefined ? plain : `array of ${typeOf(items)}`) : values.map(String).join(' | ')
  return fallback === undefined ? base : `${base} = ${String(fallback)}`
}
