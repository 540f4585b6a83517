import pc from 'picocolors'
import type { ScanReport } from '../report/scan.ts'
import { metricRows } from './metrics.ts'
import { table } from './output.ts'

/** The report of a scan for a terminal. */
export function scanText(report: ScanReport): string {
  const day = (at: string | null) => at?.slice(0, 10) ?? '—'
  const count = (value: number) => value.toLocaleString('en')
  const lines = [
    pc.bold(report.repository),
    pc.dim(
      `${count(report.commits)} commits by ${count(report.authors)} authors, ${day(report.first_commit_at)} to ${day(report.last_commit_at)} · ${count(report.releases)} releases · ${report.rule}`,
    ),
  ]
  if (report.window !== null && report.metrics.length > 0) {
    lines.push(
      '',
      `${pc.bold('Delivery')} ${pc.dim(`${day(report.window.from)} to ${day(report.window.to)}, by ${report.bucket}; before: the same length`)}`,
      '',
    )
    lines.push(metricRows(report.metrics))
    const gaps = report.metrics.flatMap((one) => one.gaps.map((gap) => pc.yellow(`  ${one.title}: ${gap.text}`)))
    if (gaps.length > 0) lines.push('', ...new Set(gaps))
  }
  if (report.latest_releases.length > 0) {
    lines.push('', pc.bold('Latest releases'))
    lines.push(
      table(
        ['', '', 'commits'],
        report.latest_releases.map((one) => [day(one.at), one.title.slice(0, 60), count(one.commits)]),
        [2],
      ),
    )
  }
  if (report.failed_releases.length > 0) {
    lines.push('', pc.bold('Releases that failed'))
    lines.push(
      table(
        ['', 'release', 'rule', 'by'],
        report.failed_releases.slice(0, 8).map((one) => [day(one.at), one.release.slice(0, 40), one.rule, one.by.slice(0, 12)]),
      ),
    )
  }
  if (report.reverts.length > 0) {
    lines.push('', pc.bold('Reverts'))
    lines.push(
      table(
        ['', '', 'undoes', ''],
        report.reverts
          .slice(0, 6)
          .map((one) => [day(one.at), one.sha.slice(0, 9), one.reverted.slice(0, 9) || pc.dim('not said'), one.subject.slice(0, 70)]),
      ),
    )
  }
  if (report.hotspots.length > 0) {
    lines.push('', `${pc.bold('Hotspots')} ${pc.dim('files that change most in the window')}`)
    lines.push(
      table(
        ['changes', 'lines', 'authors', ''],
        report.hotspots.map((one) => [count(one.changes), count(one.lines), count(one.authors), shortPath(one.path)]),
        [0, 1, 2],
      ),
    )
  }
  if (report.top_authors.length > 0) {
    lines.push('', `${pc.bold('Authors')} ${pc.dim('of the commits in the window; no ranking of people, only who to ask')}`)
    lines.push(
      table(
        ['commits', 'share', ''],
        report.top_authors.map((one) => [count(one.commits), `${Math.round(one.share * 100)} %`, one.name.slice(0, 40)]),
        [0, 1],
      ),
    )
  }
  for (const note of report.notes) lines.push('', pc.dim(note))
  lines.push('', pc.dim(`${report.seconds.toFixed(1)} s`))
  return lines.join('\n')
}

function shortPath(path: string): string {
  return path.length <= 76 ? path : `…${path.slice(-75)}`
}
