import { systemClock } from '../../clock.ts'
import { closing } from '../../closing.ts'
import type { Config } from '../../config.ts'
import type { AppError } from '../../errors.ts'
import { createLog } from '../../log.ts'
import { PROGRAM_VERSION } from '../../program.ts'
import { openAnalytics } from '../../store/analytics.ts'
import { openDataDirectory } from '../../store/data-directory.ts'
import { migratorsOf } from '../../store/schema.ts'
import { openSemantic } from '../../store/semantic.ts'
import { namedStores, storeTargets } from '../../store/store-targets.ts'
import { examineInstallation } from './doctor.ts'
import { sayer, type DoctorReport } from './finding.ts'

/** Where the program does not start: each store is tried by itself, so that the one that is away is told from the one that is well. */
export async function examineUnstarted(config: Config, cause: AppError): Promise<DoctorReport> {
  const log = createLog(config.FAIRLEAD_LOG)
  const targets = namedStores(config)
  const dataDirectory = await openDataDirectory(config.data)
  const closers = closing(log)
  closers.add(() => dataDirectory.release())
  try {
    const tried = async <T extends { close(): Promise<void> }>(describe: string, open: () => Promise<T>) => {
      try {
        const opened = await open()
        closers.add(() => opened.close())
        return opened
      } catch (thrown) {
        return { thrown, describe }
      }
    }
    const opening = storeTargets(targets, dataDirectory)
    const semantic = await tried(
      targets.semantic === null ? `embedded PostgreSQL in ${dataDirectory.postgres}` : `PostgreSQL at ${targets.semantic.describe}`,
      () => openSemantic(opening.semantic, { log }),
    )
    const analytics = await tried(
      targets.analytics === null ? `chDB (embedded) in ${dataDirectory.analytics}` : `ClickHouse at ${targets.analytics.describe}`,
      () => openAnalytics(opening.analytics),
    )
    const report = await examineInstallation({
      version: PROGRAM_VERSION,
      clock: systemClock,
      log,
      directory: dataDirectory.path,
      reserveBytes: config.FAIRLEAD_DISK_RESERVE,
      lake: config.MYSQL_URI,
      semantic,
      analytics,
      migrators:
        'thrown' in semantic || 'thrown' in analytics
          ? null
          : migratorsOf({ semantic, analytics, embedded: targets.semantic === null }, { actor: 'doctor' }),
      running: null,
    })
    const findings = [...report.findings]
    sayer(findings, 'program')('start', 'failure', `Fairlead does not start. ${cause.message}`, cause.help ?? 'Mend what stands above.')
    return { ...report, holds: false, findings: [findings.at(-1) as (typeof findings)[number], ...findings.slice(0, -1)] }
  } finally {
    await closers.close()
  }
}
