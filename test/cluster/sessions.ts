import { Session } from 'chdb'

/** Sessions of the embedded engine, each with the settings that a request brings. A node is asked the same way again and again: they are kept. */
export interface Sessions {
  use<T>(database: string, settings: readonly (readonly [string, string])[], work: (session: Session) => Promise<T>): Promise<T>
}

export function openSessions(directory: string, connectionArgs: () => readonly string[] = () => []): Sessions {
  const free = new Map<string, Session[]>()
  return {
    async use(database, settings, work) {
      const key = JSON.stringify([database, settings])
      const session =
        free.get(key)?.pop() ?? (await prepared(new Session(directory, { connectionArgs: connectionArgs() }), database, settings))
      // One whose query failed is not lent again: what that had put out may still stand in it.
      const answer = await work(session)
      free.set(key, [...(free.get(key) ?? []), session])
      return answer
    },
  }
}

async function prepared(session: Session, database: string, settings: readonly (readonly [string, string])[]): Promise<Session> {
  await session.queryAsync(`USE \`${database}\``)
  // Last: nothing can be set after it.
  const ordered = settings.toSorted(([a], [b]) => Number(a === 'readonly') - Number(b === 'readonly'))
  const said = ordered.map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
  if (said.length > 0) await session.queryAsync(`SET ${said.join(', ')}`)
  return session
}
