import type { Ask, Database, Http } from '../connector.ts'
import { AppError } from '../errors.ts'

/** What a connector is given to ask with, where little of it matters: no cursor, no range, nobody who watches, and nothing to ask over HTTP. */
export function askWith<C>(parts: Pick<Ask<C>, 'config' | 'git' | 'signal' | 'log'> & Partial<Ask<C>>): Ask<C> {
  return {
    cursor: null,
    since: null,
    until: null,
    begun: new Date(0).toISOString(),
    http: noHttp,
    database: noDatabase,
    progress() {},
    ...parts,
  }
}

async function refuse(): Promise<never> {
  throw new AppError('plugin', 'This connector asks over HTTP and has no `api`.', { help: 'Give it one: where it asks, and as whom.' })
}

export const noHttp: Http = { get: refuse, post: refuse, graphql: refuse }

async function noDatabase(): Promise<Database> {
  throw new AppError('plugin', 'There is no database to be read here.', { help: 'Give the ask a `database`.' })
}
