import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { isFound } from '../../domain/pattern.ts'
import { actorOf, mayDo, type Access, type Origin, type Principal } from '../account/access.ts'
import type { Actor } from '../account/audit.ts'
import type { Right } from '../account/role.ts'
import { AppError, asAppError } from '../errors.ts'
import { emitterOf, originOf, principalOf } from './auth.ts'

/** What a handler gets: checked input and who asks. Its answer is a value; status and headers only where they differ from 200 and JSON. */
export interface Call<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** The caller; on a public route, null when there is none. */
  readonly principal: Principal
  /** The caller as the audit log names them. */
  readonly actor: Actor
  readonly origin: Origin
  readonly request: Request
  readonly context: Context
}

/** A route is a declaration: method, path, schemas, right. Auth, limits, error mapping and OpenAPI are done once, in `mount`. */
export interface Route {
  readonly method: 'get' | 'post'
  readonly path: string
  readonly mount: (app: OpenAPIHono, access: Access) => void
}

type Schema = z.ZodObject<z.ZodRawShape>
type Out<S> = S extends z.ZodType<infer T> ? T : undefined

export interface Declaration<P extends Schema | undefined, Q extends Schema | undefined, B extends z.ZodType | undefined> {
  readonly method: 'get' | 'post'
  /** In OpenAPI's spelling: `/v1/metrics/{id}`. */
  readonly path: string
  readonly summary: string
  /** `public` needs no one, `anyone` any token or session; the others need one with that right. */
  readonly right: Right | 'anyone' | 'public'
  /** Headers beside `Authorization` in which the token may stand, for senders that were made for another tool. */
  readonly tokenHeaders?: readonly string[]
  /**
   * For the doors of another tool: keys that it gave are taken, too. Tells the path as that tool's keys have it; null for one that fits no key.
   * On every other route such a key is refused.
   */
  readonly emitterPath?: (path: string) => string | null
  /** Another spelling of a route that stands in the documentation already. */
  readonly hidden?: true
  /** An error in the shape that the sender knows, in place of a problem document. */
  readonly reject?: (error: AppError, context: Context) => Response
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** When the handler reads the raw body itself: what it takes, for the documentation. */
  readonly rawBody?: Readonly<Record<string, z.ZodType>>
  readonly replies: Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType; readonly type?: string }>>
  handle(call: Call<Out<P>, Out<Q>, Out<B>>): Promise<unknown> | unknown
}

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    help: z.string().nullable(),
    errors: z.unknown().optional(),
    field: z.string().optional().openapi({ description: 'The field of the body that it is about, where it is about one.' }),
  })
  .openapi('Problem')

export function route<
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(declaration: Declaration<P, Q, B>): Route {
  return { method: declaration.method, path: declaration.path, mount: (app, access) => mount(app, access, declaration) }
}

function mount<P extends Schema | undefined, Q extends Schema | undefined, B extends z.ZodType | undefined>(
  app: OpenAPIHono,
  access: Access,
  declaration: Declaration<P, Q, B>,
): void {
  const { method, path, params, query, body, reject } = declaration
  if (declaration.hidden !== true) document(app, declaration)
  const answer = async (context: Context): Promise<Response> => {
    const principal = await allowed(access, context, declaration)
    const origin = originOf(context)
    const call = {
      params: check(params, context.req.param(), 'path'),
      query: check(query, queryOf(context), 'query'),
      body: body === undefined ? undefined : check(body, await jsonBody(context), 'body'),
      principal,
      actor: actorOf(principal, origin),
      origin,
      request: context.req.raw,
      context,
    }
    const value = await declaration.handle(call as unknown as Call<Out<P>, Out<Q>, Out<B>>)
    return value instanceof Response ? value : context.json(value as object)
  }
  app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
    if (reject === undefined) return answer(context)
    try {
      return await answer(context)
    } catch (thrown) {
      return reject(asAppError(thrown), context)
    }
  })
}

function document<P extends Schema | undefined, Q extends Schema | undefined, B extends z.ZodType | undefined>(
  app: OpenAPIHono,
  { method, path, summary, right, params, query, body, rawBody, replies }: Declaration<P, Q, B>,
): void {
  const content = body === undefined ? rawBody : { 'application/json': body }
  app.openAPIRegistry.registerPath(
    createRoute({
      method,
      path,
      summary,
      ...(right === 'public'
        ? {}
        : {
            security: [{ bearer: [] }],
            description: right === 'anyone' ? 'Needs any token or session.' : `Needs the right \`${right}\`.`,
          }),
      request: {
        ...(params === undefined ? {} : { params }),
        ...(query === undefined ? {} : { query }),
        ...(content === undefined
          ? {}
          : { body: { content: Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }])), required: true } }),
      },
      responses: {
        ...Object.fromEntries(
          Object.entries(replies).map(([status, { description, schema, type = 'application/json' }]) => [
            status,
            schema === undefined ? { description } : { description, content: { [type]: { schema } } },
          ]),
        ),
        default: { description: 'A problem document (RFC 9457).', content: { 'application/problem+json': { schema: problemSchema } } },
      },
    }),
  )
}

const NOBODY: Principal = {
  org: '00000000-0000-0000-0000-000000000000',
  rights: [],
  via: 'token',
  id: null,
  user: null,
  role: null,
  name: 'nobody',
}

async function allowed(
  access: Access,
  context: Context,
  { right, tokenHeaders, emitterPath }: Pick<Declaration<undefined, undefined, undefined>, 'right' | 'tokenHeaders' | 'emitterPath'>,
): Promise<Principal> {
  if (right === 'public') return NOBODY
  const principal = await principalOf(access, context, tokenHeaders)
  const emitter = principal === null ? await emitterOf(access, context, tokenHeaders) : null
  if (emitter === null) return requireRight(principal, right)
  const path = emitterPath?.(new URL(context.req.url).pathname) ?? null
  if (path !== null && isFound(emitter.allowed_path, path)) return requireRight(emitter, right)
  throw new AppError('forbidden', 'This key was taken over from DevLake, and opens only those of its webhooks that it opened there.', {
    detail: { caller: `token ${emitter.id}` },
    help: 'Send it to the path that it was made for, or make a token: `fairlead admin tokens create`.',
  })
}

export function requireRight(principal: Principal | null, right: Right | 'anyone'): Principal {
  if (principal === null) {
    throw new AppError('unauthenticated', 'This needs a token or a session.', {
      help: 'Send `Authorization: Bearer flt_…`, or sign in: with an account, or with the one-time link that `fairlead up` printed.',
    })
  }
  if (right !== 'anyone' && !mayDo(principal, right)) {
    const what = right === 'superuser' ? 'a superuser' : `the right \`${right}\``
    throw new AppError('forbidden', `${principal.user === null ? 'This token' : 'This account'} may not do that: it needs ${what}.`, {
      detail: { caller: `${principal.user === null ? principal.via : 'user'} ${principal.user?.id ?? principal.id ?? ''}`.trim() },
      help: `Its rights here: ${principal.rights.join(', ') || 'none'}. ${right === 'superuser' ? 'Run the command on the machine of the server, or sign in as a superuser.' : 'An administrator can give more.'}`,
    })
  }
  return principal
}

/** A parameter that stands twice is refused rather than half read; an unknown one is named. */
function queryOf(context: Context): Record<string, string> {
  const single: Record<string, string> = {}
  for (const [name, values] of Object.entries(context.req.queries())) {
    if (values.length > 1)
      throw new AppError('invalid-input', `The parameter \`${name}\` is given ${values.length} times.`, { help: 'Give it once.' })
    single[name] = values[0] as string
  }
  return single
}

function check<S extends z.ZodType>(schema: S | undefined, value: unknown, where: 'path' | 'query' | 'body'): unknown {
  if (schema === undefined) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  const first = errors[0]
  throw new AppError('invalid-input', `The ${where} is not valid: ${first?.path ? `${first.path}: ` : ''}${first?.message}`, {
    help: 'The parameters stand in /docs and /v1/openapi.json.',
    detail: { errors },
  })
}

async function jsonBody(context: Context): Promise<unknown> {
  try {
    return await context.req.json()
  } catch (cause) {
    throw new AppError('malformed-body', 'The body is no valid JSON.', { help: 'Send `Content-Type: application/json`.', cause })
  }
}
