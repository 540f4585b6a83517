import type { Unit } from '../metric.ts'

/** 15,300 s → `4 h 15 min`: the two largest units that say something. */
export function duration(seconds: number): string {
  const sign = seconds < 0 ? '-' : ''
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  let left = Math.round(Math.abs(seconds))
  if (left === 0) return '0 s'
  const parts: string[] = []
  for (const [size, name] of units) {
    const count = Math.floor(left / size)
    left -= count * size
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`)
    else if (parts.length > 0) break
  }
  return sign + parts.join(' ')
}

/** A frequency in the unit in which people would say it. */
export function frequency(perDay: number): string {
  if (perDay === 0) return '0 / week'
  if (perDay >= 1) return `${round(perDay)} / day`
  if (perDay * 7 >= 1) return `${round(perDay * 7)} / week`
  if (perDay * 30 >= 1) return `${round(perDay * 30)} / month`
  return `${round(perDay * 365)} / year`
}

export function figure(unit: Unit, value: number): string {
  switch (unit) {
    case 'seconds':
      return duration(value)
    case 'share':
      return `${round(value * 100)} %`
    case 'per_day':
      return frequency(value)
    case 'days_per_week':
      return `${round(value)} days / week`
  }
}

export const WHY_TEXT = {
  no_source: 'no source was watching',
  not_collected: 'not collected yet',
  no_samples: 'no samples in this window',
  too_few_samples: 'too few samples',
} as const

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A gap where nothing is known. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null)
  const most = Math.max(...known, 0)
  return values.map((value) => (value === null ? ' ' : most === 0 ? BARS[0] : BARS[Math.min(7, Math.round((value / most) * 7))])).join('')
}

function round(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return String(Number(value.toFixed(digits)))
}
