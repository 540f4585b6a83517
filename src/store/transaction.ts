/** One attempt at a transaction, on a connection of its own. */
export interface Attempt<T> {
  readonly begin: string
  /** Sends one command; throws in our words. */
  send(sql: string): Promise<unknown>
  work(): Promise<T>
  /** Whether the connection is gone with what was thrown: a rollback would be said to nobody, and waited for. */
  isLost(thrown: unknown): boolean
  /** Gives the connection back; one of which nobody knows in what state it is, is closed. */
  release(broken: boolean): void
}

export async function attempted<T>({ begin, send, work, isLost, release }: Attempt<T>): Promise<T> {
  let broken = false
  const command = async (sql: string): Promise<void> => {
    try {
      await send(sql)
    } catch (thrown) {
      broken = true
      throw thrown
    }
  }
  try {
    await command(begin)
    const result = await work()
    await command('commit')
    return result
  } catch (cause) {
    broken ||= isLost(cause)
    if (!broken) await command('rollback').catch(() => {})
    throw cause
  } finally {
    release(broken)
  }
}
