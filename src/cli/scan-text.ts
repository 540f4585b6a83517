import pc from 'picocolors'
import type { ScanReport } from '../report/scan.ts'
import { count, day, ruleWords, shortName, span, summary, windowText } from '../report/scan-words.ts'
import { metricRows } from './metrics.ts'
import { table } from './output.ts'

/** The report of a scan for a terminal. */
export function scanText(report: ScanReport): string {
  const lines = [`${pc.bold(report.repository)} ${pc.dim(report.path)}`, pc.dim(summary(report))]
  const section = (title: string, note: string, body: string) =>
    lines.push('', `${pc.bold(title)}${note === '' ? '' : ` ${pc.dim(note)}`}`, body)

  if (report.metrics.length > 0) {
    section('Delivery', windowText(report), metricRows(report.metrics))
    const gaps = report.metrics.flatMap((one) => one.gaps.map((gap) => pc.yellow(`${one.title}: ${gap.text}`)))
    if (gaps.length > 0) lines.push('', ...new Set(gaps))
  }
  if (report.latest_releases.length > 0) {
    const rows = report.latest_releases.map((one) => [day(one.at), clip(one.title, 70), count(one.commits)])
    section('Latest releases', '', table(['when', 'release', 'commits'], rows, [2]))
  }
  if (report.failed_releases.length > 0) {
    const rows = report.failed_releases
      .slice(0, 8)
      .map((one) => [day(one.at), clip(one.release, 50), ruleWords(one.rule), shortName(one.by)])
    section('Releases that failed', span(report), table(['when', 'release', 'because', 'by'], rows))
  }
  if (report.reverts.length > 0) {
    const undoes = (sha: string) => (sha === '' ? pc.dim('not said') : shortName(sha))
    const rows = report.reverts.slice(0, 6).map((one) => [day(one.at), shortName(one.sha), undoes(one.reverted), clip(one.subject, 70)])
    section('Reverts', span(report), table(['when', 'commit', 'undoes', ''], rows))
  }
  if (report.hotspots.length > 0) {
    const rows = report.hotspots.map((one) => [count(one.changes), count(one.lines), count(one.authors), tail(one.path, 76)])
    section('Hotspots', `the files that changed most, ${span(report)}`, table(['changes', 'lines', 'authors', ''], rows, [0, 1, 2]))
  }
  if (report.top_authors.length > 0) {
    const rows = report.top_authors.map((one) => [count(one.commits), `${Math.round(one.share * 100)} %`, clip(one.name, 40)])
    section('Authors', `who to ask, no ranking of people, ${span(report)}`, table(['commits', 'share', ''], rows, [0, 1]))
  }
  for (const note of report.notes) lines.push('', pc.dim(note))
  lines.push('', pc.dim(`${report.seconds.toFixed(1)} s`))
  return lines.join('\n')
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** Of a path the end says more. */
function tail(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(1 - length)}`
}
