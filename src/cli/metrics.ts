import pc from 'picocolors'
import type { Config } from '../config.ts'
import type { DoraReply, MetricReply } from '../metric.ts'
import { connect } from './client.ts'
import { figure, sparkline, WHY_TEXT } from '../report/format.ts'
import { print, printJson, table } from './output.ts'

export interface WindowOptions {
  days?: string
  offset?: string
  from?: string
  to?: string
  tz?: string
  service?: string
  repo?: string
  project?: string
  team?: string
  environment?: string
  edition?: string
  asOf?: string
  by?: string
  basis?: string
  variant?: string
  bucket?: string
  json?: boolean
}

/** The options as the query string of the API: the same names, the same checks. */
export function queryOf(options: WindowOptions): string {
  const { days, offset, from, to, tz, service, repo, project, team, environment, edition, asOf, by, basis, variant, bucket } = options
  const given = {
    ...(from === undefined ? { days } : {}),
    offset,
    from,
    to,
    tz,
    service,
    repo,
    project,
    team,
    environment,
    edition,
    as_of: asOf,
    by,
    basis,
    variant,
    bucket,
  }
  return new URLSearchParams(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString()
}

export async function run(config: Config, name: string, options: WindowOptions): Promise<void> {
  const client = await connect(config)
  try {
    if (name === 'list') {
      const { items } = await client.json<{ items: { id: string; title: string; question: string }[] }>('/v1/metrics')
      return options.json
        ? printJson(items)
        : print(
            table(
              ['metric', 'question'],
              items.map((one) => [one.id, one.question]),
            ),
          )
    }
    if (name === 'dora') {
      const dora = await client.json<DoraReply>(`/v1/dora?${queryOf(options)}`)
      return options.json ? printJson(dora) : print(doraText(dora))
    }
    const metric = await client.json<MetricReply>(`/v1/metrics/${encodeURIComponent(name.replaceAll('-', '_'))}?${queryOf(options)}`)
    return options.json ? printJson(metric) : print(metricText(metric))
  } finally {
    await client.close()
  }
}

export function valueText(reply: { unit: MetricReply['unit']; value: number | null; why: MetricReply['why'] }): string {
  return reply.value === null ? pc.dim(reply.why === null ? '—' : WHY_TEXT[reply.why]) : figure(reply.unit, reply.value)
}

function trendText({ trend }: MetricReply): string {
  if (trend.direction !== null && trend.verdict === 'not enough data') return pc.dim('too few')
  if (trend.direction === 'better') return pc.green('▲ better')
  if (trend.direction === 'worse') return pc.red('▼ worse')
  return trend.direction === 'same' ? '= same' : pc.dim('—')
}

export function metricRows(metrics: readonly MetricReply[]): string {
  return table(
    ['', 'now', 'before', '', 'level', 'n', 'coverage', ''],
    metrics.map((one) => [
      one.title,
      pc.bold(valueText(one)),
      valueText({ unit: one.unit, ...one.baseline }),
      trendText(one),
      one.level?.name ?? pc.dim('—'),
      String(one.n),
      one.coverage.share === null ? pc.dim('—') : `${Math.round(one.coverage.share * 100)} %`,
      sparkline(one.series.map((bucket) => bucket.value)),
    ]),
    [5, 6],
  )
}

export function doraText(dora: DoraReply): string {
  const metrics = Object.values(dora.metrics)
  const gaps = metrics.flatMap((one) => one.gaps.map((gap) => `  ${one.title}: ${gapText(one, gap)}`))
  return [
    `${dora.window.from.slice(0, 16)} → ${dora.window.to.slice(0, 16)} (${dora.window.tz}), levels of ${dora.edition}`,
    '',
    metricRows(metrics),
    '',
    dora.score.value === null
      ? 'No score yet: none of the five is known.'
      : `Score ${dora.score.value.toFixed(1)} of 10, from ${dora.score.of} of 5 metrics`,
    ...(gaps.length > 0 ? ['', pc.yellow('Gaps'), ...gaps] : []),
    '',
    pc.dim('The rows behind a number: fairlead explain <metric>'),
  ].join('\n')
}

/** A gap of rows has their number; a gap of the window is a sentence. */
function gapText(metric: MetricReply, gap: MetricReply['gaps'][number]): string {
  return gap.code in metric.coverage.reasons ? `${gap.count} ${gap.text}` : gap.text
}

function metricText(metric: MetricReply): string {
  const lines = [metricRows([metric])]
  if (metric.percentiles.p50 !== null) {
    const { p50, p75, p90 } = metric.percentiles
    lines.push(
      '',
      `p50 ${figure(metric.unit, p50)} · p75 ${figure(metric.unit, p75 ?? p50)} · p90 ${figure(metric.unit, p90 ?? p50)} · mean ${figure(metric.unit, metric.mean ?? p50)}`,
    )
  }
  if (metric.groups.length > 0) {
    lines.push(
      '',
      table(
        ['', 'value', 'n'],
        metric.groups.map((group) => [group.key ?? pc.dim('unknown'), valueText({ unit: metric.unit, ...group }), String(group.n)]),
        [2],
      ),
    )
  }
  for (const gap of metric.gaps) lines.push(pc.yellow(gapText(metric, gap)))
  return lines.join('\n')
}
