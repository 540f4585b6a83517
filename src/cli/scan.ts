import { writeFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { systemClock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { createGit } from '../ingest/git.ts'
import { createLog } from '../log.ts'
import { EDITIONS, type Edition } from '../measure/levels.ts'
import { loadRegistry } from '../registry.ts'
import { openScanner, type ScanReport } from '../report/scan.ts'
import { scanHtml } from '../report/scan-html.ts'
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
  const reports = []
  for (const path of paths.length === 0 ? ['.'] : paths) reports.push(await scanOne(config, path, options, days, edition))
  if (options.html !== undefined) {
    await writeFile(options.html, scanHtml(reports)).catch((cause: unknown) => {
      throw new AppError('usage', `${options.html} cannot be written.`, { help: 'Choose another file.', cause })
    })
    note(`Wrote ${options.html}.`)
  }
  if (options.json) printJson(reports.length === 1 ? reports[0] : reports)
  else if (options.html === undefined) print(reports.map(scanText).join('\n\n'))
}

async function scanOne(
  config: Config,
  path: string,
  options: Options,
  days: number | undefined,
  edition: Edition | undefined,
): Promise<ScanReport> {
  const drawn = progress(`scan ${path}`)
  const log = createLog(config.FAIRLEAD_LOG)
  const scanner = await openScanner({ registry: await loadRegistry(), git: createGit(config.environment), clock: systemClock, log })
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  try {
    const tz = Intl.DateTimeFormat().resolvedOptions().timeZone
    return await scanner.scan(path, { releases: options.releases, days, edition, tz, signal: stop.signal, progress: drawn.tick })
  } catch (thrown) {
    if (stop.signal.aborted) throw new AppError('git', 'The scan was interrupted.', { help: 'Nothing was written.', cause: thrown })
    throw thrown
  } finally {
    process.off('SIGINT', interrupt)
    drawn.end()
    await scanner.close()
  }
}
