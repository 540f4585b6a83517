import { expect } from 'vitest'
import type { ImportReport } from '../../src/lake/import.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'

/** A server of a folder of its own, and the command line that imports into it. */
export interface Place {
  readonly server: Server
  readonly data: string
  say(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>
  imported(...args: string[]): Promise<ImportReport>
  items(what: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** `environment`: of the server. `variables`: of the command line, which may name an address `env:…`. */
export async function openPlace(
  environment: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<Place> {
  const data = await freshDirectory()
  const server = await startServer(data, environment)
  const say: Place['say'] = (...args) => fairlead(args, { data, env: variables })
  return {
    server,
    data,
    say,
    async imported(...args) {
      const { code, stdout, stderr } = await say('import', ...args, '--json')
      expect(code, stderr).toBe(0)
      return JSON.parse(stdout) as ImportReport
    },
    items: async (what) => (await server.get<{ items: Record<string, unknown>[] }>(`/v1/${what}?limit=1000`)).items,
    async close() {
      await server.stop()
      await removeDirectory(data)
    },
  }
}

export const tableOf = (report: ImportReport, name: string) => report.tables.find((one) => one.table === name)
