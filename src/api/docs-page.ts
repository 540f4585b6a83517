import { html, raw } from 'hono/html'

interface Operation {
  readonly summary?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema?: unknown
  }[]
  readonly requestBody?: unknown
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>
}

/** The API, readable: made from the OpenAPI document, without a script. */
export function docsPage(document: {
  readonly info: { readonly title: string; readonly version: string }
  readonly paths?: object
}): string {
  const paths = Object.entries((document.paths ?? {}) as Record<string, Record<string, Operation>>)
  const operations = paths.flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${document.info.title} API</title>
          <link rel="stylesheet" href="/docs.css" />
        </head>
        <body>
          <main>
            <h1>${document.info.title} API <small>${document.info.version}</small></h1>
            <p>
              The same as a machine-readable document: <a href="/v1/openapi.json">/v1/openapi.json</a>. Errors are problem documents (RFC
              9457) with <code>code</code>, <code>detail</code> and <code>help</code>.
            </p>
            ${operations.map(section)}
          </main>
        </body>
      </html>`,
  )
}

function section({ path, method, operation }: { path: string; method: string; operation: Operation }) {
  const parameters = operation.parameters ?? []
  return html`<section>
    <h2><code>${method.toUpperCase()} ${path}</code></h2>
    <p>${operation.summary ?? ''}${operation.security ? raw(' <em>Needs a token or a session.</em>') : ''}</p>
    ${
      parameters.length === 0
        ? ''
        : html`<table>
            <thead>
              <tr>
                <th>Parameter</th>
                <th>In</th>
                <th>Type</th>
                <th></th>
              </tr>
            </thead>
            <tbody>
              ${parameters.map(
                (one) =>
                  html`<tr>
                    <td><code>${one.name}</code></td>
                    <td>${one.in}${one.required ? ', required' : ''}</td>
                    <td><code>${typeOf(one.schema)}</code></td>
                    <td>${one.description ?? ''}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    <p>${Object.entries(operation.responses ?? {}).map(([status, one]) => html`<code>${status}</code> ${one.description ?? ''} `)}</p>
  </section>`
}

function typeOf(schema: unknown): string {
  const {
    type,
    enum: values,
    format,
    default: fallback,
  } = (schema ?? {}) as { type?: string; enum?: unknown[]; format?: string; default?: unknown }
  const base = values === undefined ? [type, format].filter(Boolean).join(' ') : values.join(' | ')
  return fallback === undefined ? base : `${base} = ${String(fallback)}`
}
