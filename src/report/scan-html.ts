import { html, raw } from 'hono/html'
import type { MetricReply } from '../metric.ts'
import { figure, WHY_TEXT } from './format.ts'
import type { ScanReport } from './scan.ts'
import { count, day, ruleWords, shortName, span, summary, windowText } from './scan-words.ts'

/** The report of a scan as one page that needs nothing beside itself: it can be mailed, archived and printed. */
export function scanHtml(reports: readonly ScanReport[]): string {
  const title = reports.map((one) => one.repository).join(', ')
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>Delivery report: ${title}</title>
          <style>
            ${raw(STYLE)}
          </style>
        </head>
        <body>
          <main>
            ${reports.map(section)}
            <footer>Made by Fairlead from the git history alone.</footer>
          </main>
        </body>
      </html>`,
  )
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5b6470; --line: #d9dee5; --paper: #fff; --card: #f6f8fa; --accent: #2f6fde; --good: #1a7f4b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --dim: #9aa4b2; --line: #2d333d; --paper: #14171c; --card: #1b2027; --accent: #7fb0ff; --good: #57c78f; --bad: #ff8a80; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 64rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1rem; margin: 2rem 0 0.5rem; }
.dim, footer { color: var(--dim); } h2 .dim { font-weight: 400; } .note { border-left: 3px solid var(--accent); padding-left: 0.75rem; } .good { color: var(--good); } .bad { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.75rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.9rem 1rem; }
.tile h3 { font-size: 0.85rem; margin: 0; color: var(--dim); font-weight: 600; } .tile .value { font-size: 1.5rem; font-weight: 650; } .tile .value.unknown { font-size: 0.95rem; font-weight: 400; color: var(--dim); }
.tile p { margin: 0.15rem 0; font-size: 0.85rem; } svg { width: 100%; height: 36px; display: block; margin-top: 0.4rem; } rect { fill: var(--accent); }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: var(--dim); font-size: 0.8rem; }
td, th { border-bottom: 1px solid var(--line); padding: 0.3rem 0.75rem 0.3rem 0; overflow-wrap: anywhere; } .right { text-align: right; } section + section { margin-top: 4rem; }
footer { margin: 2rem 0; font-size: 0.85rem; } @media print { main { margin: 0; } }
`

function section(report: ScanReport) {
  return html`<section>
    <h1>${report.repository}</h1>
    <p class="dim">${summary(report)}</p>
    ${report.notes.map((note) => html`<p class="note">${note}</p>`)}
    ${
      report.metrics.length === 0
        ? ''
        : html`<h2>Delivery <span class="dim">${windowText(report)}</span></h2>
            <div class="tiles">${report.metrics.map(tile)}</div>
            ${gaps(report)}`
    }
    ${rows(
      'Latest releases',
      ['When', 'Release', 'Commits'],
      report.latest_releases.map((one) => [day(one.at), one.title, count(one.commits)]),
    )}
    ${rows(
      `Releases that failed, ${span(report)}`,
      ['When', 'Release', 'Because', 'By'],
      report.failed_releases.map((one) => [day(one.at), one.release, ruleWords(one.rule), shortName(one.by)]),
    )}
    ${rows(
      `Reverts, ${span(report)}`,
      ['When', 'Commit', 'Undoes', 'Subject'],
      report.reverts.map((one) => [
        day(one.at),
        shortName(one.sha),
        one.reverted === '' ? 'not said' : shortName(one.reverted),
        one.subject,
      ]),
    )}
    ${rows(
      `Hotspots: the files that changed most, ${span(report)}`,
      ['Path', 'Changes', 'Lines', 'Authors'],
      report.hotspots.map((one) => [one.path, count(one.changes), count(one.lines), count(one.authors)]),
    )}
    ${rows(
      `Authors: who to ask, no ranking of people, ${span(report)}`,
      ['Name', 'Commits', 'Share'],
      report.top_authors.map((one) => [one.name, count(one.commits), `${Math.round(one.share * 100)} %`]),
    )}
  </section>`
}

function gaps(report: ScanReport) {
  const texts = new Set(report.metrics.flatMap((one) => one.gaps.map((gap) => `${one.title}: ${gap.text}`)))
  return [...texts].map((text) => html`<p class="dim">${text}</p>`)
}

function tile(metric: MetricReply) {
  const shown = (value: number | null, why: MetricReply['why']) =>
    value === null ? (why === null ? '—' : WHY_TEXT[why]) : figure(metric.unit, value)
  const { direction, verdict } = metric.trend
  const word =
    verdict === 'not enough data'
      ? html`<span class="dim">too few to compare</span>`
      : direction === 'better'
        ? html`<span class="good">▲ better</span>`
        : direction === 'worse'
          ? html`<span class="bad">▼ worse</span>`
          : direction === 'same'
            ? 'the same'
            : ''
  const level = metric.level?.name === undefined || metric.level?.name === null ? '' : `level ${metric.level.name}`
  return html`<div class="tile">
    <h3>${metric.title}</h3>
    <div class="value${metric.value === null ? ' unknown' : ''}">${shown(metric.value, metric.why)}</div>
    <p>before ${shown(metric.baseline.value, metric.baseline.why)} ${word}</p>
    <p class="dim">
      n
      ${metric.n}${metric.coverage.share === null ? '' : ` · coverage ${Math.round(metric.coverage.share * 100)} %`}${level === '' ? '' : html`<br />${level}`}
    </p>
    ${bars(metric)}
  </div>`
}

/** A bar for each bucket; a bucket of which nothing is known has none. */
function bars(metric: MetricReply) {
  const most = Math.max(...metric.series.map((bucket) => bucket.value ?? 0), 0)
  const width = 100 / Math.max(metric.series.length, 1)
  const shapes = metric.series.map((bucket, index) => {
    if (bucket.value === null) return ''
    const height = most === 0 ? 1 : Math.max(1, (bucket.value / most) * 34)
    return html`<rect
      x="${(index * width + width * 0.1).toFixed(2)}"
      y="${(36 - height).toFixed(2)}"
      width="${(width * 0.8).toFixed(2)}"
      height="${height.toFixed(2)}"
      ><title>${bucket.from.slice(0, 10)}: ${figure(metric.unit, bucket.value)}</title></rect
    >`
  })
  return html`<svg viewBox="0 0 100 36" preserveAspectRatio="none" role="img" aria-label="${metric.title} over time">${shapes}</svg>`
}

function rows(title: string, head: readonly string[], body: readonly (readonly string[])[]) {
  if (body.length === 0) return ''
  return html`<h2>${title}</h2>
    <table>
      <thead>
        <tr>
          ${head.map((one) => html`<th class="${alignment(one)}">${one}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${body.map(
          (row) =>
            html`<tr>
              ${row.map((one, column) => html`<td class="${alignment(head[column] ?? '')}">${one}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>`
}

const NUMBERS = new Set(['Commits', 'Changes', 'Lines', 'Authors', 'Share'])

function alignment(column: string): string {
  return NUMBERS.has(column) ? 'right' : ''
}
