import { writeFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import type { Config } from '../config.ts'
import { systemClock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { createGit } from '../git/run.ts'
import { createLog } from '../log.ts'
import { EDITIONS, type Edition } from '../measure/levels.ts'
import { loadRegistry } from '../registry.ts'
import { openScanner, type Scanner, type ScanReport } from '../report/scan.ts'
import { note, print, printJson, progress } from './output.ts'
import { scanText } from './scan-text.ts'

interface Options {
  releases: string
  days?: string
  edition?: string
  html?: string
  json?: boolean
}

/** A report from a git history, with nothing to set up and nothing left behind. */
export async function run(config: Config, paths: readonly string[], options: Options): Promise<void> {
  const days = options.days === undefined ? undefined : Number(options.days)
  if (days !== undefined && !(days > 0 && days <= 36_600))
    throw new AppError('usage', `--days ${options.days} is no number of days.`, { help: 'For example --days 90.' })
  const edition = EDITIONS.find((one) => one === options.edition)
  if (options.edition !== undefined && edition === undefined)
    throw new AppError('usage', `There is no edition ${options.edition}.`, { help: `Known: ${EDITIONS.join(', ')}.` })
  // A scan is over before optimised code pays: compiling it took a tenth of all processor time. A long history still gets it, later.
  setFlagsFromString('--interrupt-budget=1000000')
  const log = createLog(config.FAIRLEAD_LOG)
  const scanner = openScanner({ registry: await loadRegistry(), git: createGit(config.environment), clock: systemClock, log })
  try {
    const reports: ScanReport[] = []
    for (const path of paths.length === 0 ? ['.'] : paths) reports.push(await scanOne(scanner, path, { ...options, days, edition }))
    if (options.html !== undefined) await writeHtml(options.html, reports)
    if (options.json) printJson(reports.length === 1 ? reports[0] : reports)
    else if (options.html === undefined) print(reports.map(scanText).join('\n\n'))
  } finally {
    await scanner.close()
  }
}

interface Asked {
  readonly releases: string
  readonly days: number | undefined
  readonly edition: Edition | undefined
}

async function scanOne(scanner: Scanner, path: string, { releases, days, edition }: Asked): Promise<ScanReport> {
  const drawn = progress(`scan ${path}`)
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  try {
    const tz = Intl.DateTimeFormat().resolvedOptions().timeZone
    return await scanner.scan(path, { releases, days, edition, tz, signal: stop.signal, progress: drawn.tick })
  } catch (thrown) {
    if (stop.signal.aborted) throw new AppError('git', 'The scan was interrupted.', { help: 'Nothing was written.', cause: thrown })
    throw thrown
  } finally {
    process.off('SIGINT', interrupt)
    drawn.end()
  }
}

async function writeHtml(file: string, reports: readonly ScanReport[]): Promise<void> {
  const { scanHtml } = await import('../report/scan-html.ts')
  await writeFile(file, scanHtml(reports)).catch((cause: unknown) => {
    throw new AppError('usage', `${file} cannot be written.`, { help: 'Choose another file.', cause })
  })
  note(`Wrote ${file}.`)
}
