import { z } from 'zod'
import { eventInput, type EventInput } from '../domain/event.ts'
import { defineConnector, defineStream } from '../src/connector.ts'
import { eventRows } from './events/rows.ts'

const config = z.object({})
type Config = z.infer<typeof config>

/** What emitters push to `POST /v1/events`: deployments, rollbacks and incidents, from any pipeline. */
export default defineConnector<Config>({
  title: 'Events',
  docs: 'Events that pipelines and tools send to `POST /v1/events`. Nothing to connect: any token with the scope `ingest` may send.',
  config,
  streams: {
    events: defineStream<Config, EventInput>({
      produces: ['deployments', 'incident_states'],
      order: 'ascending',
      immutable: true,
      payload: eventInput,
      rows: eventRows,
    }),
  },
})
