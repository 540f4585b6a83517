import { OpenAPIHono } from '@hono/zod-openapi'
import { secureHeaders } from 'hono/secure-headers'
import { AppError, asAppError } from '../errors.ts'
import { accountRoutes } from './account-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { cdeventsRoutes } from './compat/cdevents.ts'
import { datadogRoutes } from './compat/datadog.ts'
import { devlakeRoutes } from './compat/devlake.ts'
import { fawkesReadRoutes } from './compat/fawkes-read.ts'
import { fawkesRoutes } from './compat/fawkes.ts'
import { docsPage } from './docs-page.ts'
import { doctorRoutes } from './doctor-routes.ts'
import { entityRoutes } from './entity-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { hookRoutes } from './hook-routes.ts'
import { importRoutes } from './import-routes.ts'
import { lakeRoutes } from './lake-routes.ts'
import { metricRoutes } from './metric-routes.ts'
import { peopleRoutes } from './people-routes.ts'
import { logFailure, problem } from './problem.ts'
import { projectRoutes } from './project-routes.ts'
import type { Services } from './services.ts'
import { sessionRoutes } from './session-routes.ts'
import { settingRoutes } from './settings-routes.ts'
import { sourceRoutes } from './source-routes.ts'
import { loadStaticFiles } from './static-files.ts'
import { ssoRoutes } from './sso-routes.ts'
import { statusRoutes } from './status-routes.ts'
import { teamRoutes } from './team-routes.ts'

/** The one application: the server listens with it, and a command without a server calls it in its own process. */
export function createApp(services: Services): OpenAPIHono {
  const app = new OpenAPIHono()
  const files = loadStaticFiles()

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        formAction: ["'self'"],
      },
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
      strictTransportSecurity: false,
    }),
  )
  app.use(async (context, next) => {
    await next()
    if (context.req.path.startsWith('/v1/') && !context.res.headers.has('cache-control'))
      context.res.headers.set('cache-control', 'no-store')
  })

  for (const one of [
    ...eventRoutes(services),
    ...hookRoutes(services),
    ...metricRoutes(services),
    ...entityRoutes(services),
    ...statusRoutes(services),
    ...doctorRoutes(services),
    ...sourceRoutes(services),
    ...importRoutes(services),
    ...teamRoutes(services),
    ...peopleRoutes(services),
    ...healthRoutes(services),
    ...sessionRoutes(services),
    ...ssoRoutes(services),
    ...accountRoutes(services),
    ...auditRoutes(services),
    ...settingRoutes(services),
    ...projectRoutes(services),
    ...lakeRoutes(services),
    ...devlakeRoutes(services),
    ...fawkesRoutes(services),
    ...fawkesReadRoutes(services),
    ...datadogRoutes(services),
    ...cdeventsRoutes(services),
  ]) {
    one.mount(app, services.access)
  }
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token `flt_…`, or the session cookie of the dashboard.',
  })
  const openapi = () =>
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Fairlead',
        version: services.version,
        description: 'Software-delivery metrics that open up to the rows behind them.',
      },
    })
  app.get('/v1/openapi.json', (context) => context.json(openapi()))
  app.get('/docs', (context) => context.html(docsPage(openapi())))

  app.get('*', (context) => {
    const file = files(context.req.path, context.req.header('accept'))
    if (file !== null) return file
    if (context.req.path === '/') return context.text('The dashboard is not built. Run `npm run build`. The API is documented at /docs.')
    throw noSuchPath(context.req.path)
  })
  app.notFound((context) => problem(noSuchPath(context.req.path)))
  app.onError((thrown, context) => {
    const error = asAppError(thrown)
    logFailure(services.log, context, error)
    return problem(error)
  })
  return app
}

function noSuchPath(path: string): AppError {
  return new AppError('not-found', `There is nothing at ${path.slice(0, 200)}.`, { help: 'The routes stand in /docs.' })
}
