import { z } from 'zod'
import { eventInput } from '../../domain/event.ts'
import { secret } from '../../src/connector.ts'

/** What a row can say, by the names of `POST /v1/events`. */
export const FIELDS = Object.keys(eventInput.shape)

const TABLE = /^(?:[^.\s]+\.)?[^.\s]+$/

export const config = z.object({
  uri: secret()
    .refine((uri) => /^(?:postgres|postgresql|postgresql\+asyncpg|mysql|mariadb|mysql\+pymysql):\/\//i.test(uri.reveal()), {
      message: 'begins with postgresql:// or mysql://',
    })
    .describe('Address of the database: postgresql://user:password@host:5432/database, or mysql://…; a user that may only read is enough'),
  table: z
    .string()
    .regex(TABLE, 'is a table, or schema.table')
    .default('deploy_events')
    .describe('The table, one row an event; `schema.table` where it is not in the first schema of the user'),
  columns: z
    .record(z.string(), z.string().min(1).max(200))
    .refine((columns) => Object.keys(columns).every((field) => FIELDS.includes(field)), { message: `names one of ${FIELDS.join(', ')}` })
    .default({})
    .describe('Where a column has another name: `{"service": "app_name"}`'),
})
export type Config = z.output<typeof config>
