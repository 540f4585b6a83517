import { z } from 'zod'
import { secret } from '../../src/connector.ts'

export const config = z.object({
  uri: secret()
    .refine((uri) => /^(?:postgres|postgresql|postgresql\+asyncpg):\/\//i.test(uri.reveal()), 'begins with postgresql://')
    .describe(
      "Address of FlowLens' database: postgresql://user:password@host:5432/flowlens, 5433 for YugabyteDB; a user that may only read is enough",
    ),
})
export type Config = z.output<typeof config>
