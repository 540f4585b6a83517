import { cpus, loadavg, totalmem } from 'node:os'

/** One measured figure. `ratio` is against the baseline of the same run, above 1 where ours is better, whatever the unit. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: 'ms' | 's' | 'per second'
  /** The single runs behind the median. */
  readonly runs: readonly number[]
  readonly baseline?: { readonly name: string; readonly value: number }
  readonly ratio?: number
}

/** What a benchmark found; `run.ts` prints it as lines or JSON. */
export interface Report {
  readonly bench: string
  readonly setup: Readonly<Record<string, string | number>>
  readonly figures: readonly Figure[]
  readonly notes: readonly string[]
}

export function figure(name: string, unit: Figure['unit'], runs: readonly number[], baseline?: Figure): Figure {
  const value = median(runs)
  if (baseline === undefined) return { name, value, unit, runs }
  const ratio = unit === 'per second' ? value / baseline.value : baseline.value / value
  return { name, value, unit, runs, baseline: { name: baseline.name, value: baseline.value }, ratio }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const low = sorted[Math.floor(place)] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? low
  return low + (high - low) * (place - Math.floor(place))
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** `times` measured runs, after one that only warms up. */
export async function repeated(times: number, work: () => Promise<unknown>): Promise<number[]> {
  await work()
  const runs: number[] = []
  for (let i = 0; i < times; i++) runs.push(await timed(work))
  return runs
}

/** The machine, without its name: cores, memory, load. A figure from a loaded machine says so. */
export function machine(): Record<string, string | number> {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    load_1m: Number((loadavg()[0] ?? 0).toFixed(2)),
  }
}

export function print(report: Report, before: Readonly<Record<string, string | number>>): string {
  const facts = Object.entries({ ...before, load_after: machine()['load_1m'] as number, ...report.setup })
  const width = Math.max(...report.figures.map(({ name }) => name.length))
  const lines = report.figures.map((one) => {
    const own = `${one.name.padEnd(width)}  ${amount(one.value, one.unit)}`
    const spread =
      one.runs.length > 1 ? `  (${amount(Math.min(...one.runs), one.unit).trim()} … ${amount(Math.max(...one.runs), one.unit).trim()})` : ''
    const against = one.ratio === undefined ? '' : `  ${one.ratio.toFixed(2)} × ${one.baseline?.name}`
    return own + spread + against
  })
  return [
    `# ${report.bench}`,
    facts.map(([name, value]) => `${name} ${value}`).join(' · '),
    '',
    ...lines,
    '',
    ...report.notes.map((note) => `- ${note}`),
  ].join('\n')
}

function amount(value: number, unit: Figure['unit']): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  const suffix = unit === 'per second' ? '/s' : ` ${unit}`
  return `${value.toFixed(digits).padStart(9)}${suffix}`
}

/** `--name value` and `--name`; numbers may say k or M: `--events 10M`. */
export function options(args: readonly string[], known: Readonly<Record<string, string>>): Record<string, string> {
  const found: Record<string, string> = { ...known }
  for (let i = 0; i < args.length; i++) {
    const name = (args[i] as string).replace(/^--/, '')
    if (!(args[i] as string).startsWith('--') || !(name in known)) {
      throw new Error(
        `Unknown option ${args[i]}. Known: ${Object.entries(known)
          .map(([option, value]) => `--${option} ${value}`)
          .join(', ')}`,
      )
    }
    const next = args[i + 1]
    if (next === undefined || next.startsWith('--')) found[name] = 'true'
    else {
      found[name] = next
      i++
    }
  }
  return found
}

export function count(text: string | undefined): number {
  const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text ?? '')
  if (match === null) throw new Error(`${text} is no number; for example 500k or 10M`)
  return Number(match[1]) * (match[2] === 'M' ? 1_000_000 : match[2] === 'k' ? 1_000 : 1)
}
