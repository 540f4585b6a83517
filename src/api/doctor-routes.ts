import { doctorReport } from '../operate/doctor/finding.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

export function doctorRoutes(services: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/doctor',
      summary:
        'How the stores and the installation are: sizes, indexes, slow statements, disk, clocks, versions; each finding with its remedy',
      // It tells of every organization, and of the machines.
      right: 'superuser',
      replies: {
        200: { description: 'The findings, the worst first, and the figures of each store.', schema: doctorReport.meta({ id: 'Doctor' }) },
      },
      handle: () => services.doctor(),
    }),
  ]
}
