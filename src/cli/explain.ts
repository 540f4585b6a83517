import pc from 'picocolors'
import type { Config } from '../config.ts'
import type { MetricReply, SampleReply } from '../metric.ts'
import { connect } from './client.ts'
import { figure } from '../report/format.ts'
import { metricRows, queryOf, type WindowOptions } from './metrics.ts'
import { print, printJson, table } from './output.ts'

interface RawItem {
  id: string
  source: string
  received_at: string
  digest: string
  payload: string
}

/** The number, then the rows that make it, newest first; with --raw the bytes that each row was read from. */
export async function run(
  config: Config,
  name: string,
  options: WindowOptions & { status?: string; limit: string; raw?: boolean },
): Promise<void> {
  const client = await connect(config)
  try {
    const id = encodeURIComponent(name.replaceAll('-', '_'))
    const query = queryOf(options)
    const metric = await client.json<MetricReply>(`/v1/metrics/${id}?${query}`)
    const status = options.status === undefined ? '' : `&status=${encodeURIComponent(options.status)}`
    const page = await client.json<{ items: SampleReply[]; next: string | null }>(
      `/v1/metrics/${id}/samples?${query}&limit=${encodeURIComponent(options.limit)}${status}`,
    )
    const raws = new Map<string, RawItem>()
    if (options.raw) {
      for (const rawId of new Set(page.items.flatMap((one) => one.raw_id ?? [])))
        raws.set(rawId, await client.json<RawItem>(`/v1/raw/${rawId}`))
    }
    if (options.json) {
      return printJson({
        metric,
        samples: page.items.map((one) => (options.raw ? { ...one, raw: one.raw_id === null ? null : raws.get(one.raw_id) } : one)),
        next: page.next,
      })
    }
    print(metricRows([metric]))
    print('')
    if (page.items.length === 0) print('There are no rows in this window.')
    else print(rowsText(metric, page.items))
    for (const raw of raws.values()) {
      print(`\n${pc.bold(`raw ${raw.id}`)} ${pc.dim(`${raw.source}, received ${raw.received_at}, sha256 ${raw.digest}`)}\n${raw.payload}`)
    }
    if (page.next !== null) print(pc.dim(`\nThere are more rows: --limit, or GET /v1/metrics/${id}/samples?after=${page.next}`))
  } finally {
    await client.close()
  }
}

function rowsText(metric: MetricReply, items: readonly SampleReply[]): string {
  return table(
    ['when', 'value', 'what', 'service', 'rule', 'raw'],
    items.map((one) => [
      one.at.slice(0, 19).replace('T', ' '),
      one.value === null
        ? pc.dim(one.reason ?? one.status)
        : metric.unit === 'seconds'
          ? figure(metric.unit, one.value)
          : metric.unit === 'share'
            ? one.value === 1
              ? 'yes'
              : 'no'
            : String(one.value),
      `${one.subject.type} ${one.subject.id.slice(0, 24)}${one.subject.title === null ? '' : ` ${pc.dim(one.subject.title.slice(0, 48))}`}`,
      one.service ?? '',
      one.method,
      one.raw_id ?? pc.dim('—'),
    ]),
    [1],
  )
}
