import { z } from 'zod'
import { secret } from '../../src/connector.ts'

export const config = z.object({
  uri: secret()
    .refine((uri) => /^(?:mysql|mariadb|mysql\+pymysql):\/\//i.test(uri.reveal()), 'begins with mysql://')
    .describe("Address of DevLake's database: mysql://user:password@host:3306/lake; a user that may only read is enough"),
})
export type Config = z.output<typeof config>
