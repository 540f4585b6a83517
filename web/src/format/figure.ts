import type { Unit } from '../api/contract.ts'

/**
 * Figures in words that people use: `4 h 15 min`, `30 %`, `3 / week`. A figure is a list of parts, so that a tile can set its numbers
 * large and its units small; joined by spaces it is plain text.
 */
export interface Part {
  text: string
  kind: 'number' | 'unit'
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DAYS_PER_WEEK = 7
const DAYS_PER_MONTH = 30

/** How a unit is scaled, chosen once from a leading figure so that the figures beside it can be compared at a glance. */
export type Scale = { unit: Unit; per: 'day' | 'week' | 'month' }

export function scaleFor(unit: Unit, ...figures: (number | null)[]): Scale {
  const leading = Math.abs(figures.find((figure) => figure !== null && figure !== 0) ?? 1)
  if (leading >= 1) return { unit, per: 'day' }
  return { unit, per: leading * DAYS_PER_WEEK >= 1 ? 'week' : 'month' }
}

export function figureParts(value: number, scale: Scale): Part[] {
  switch (scale.unit) {
    case 'per_day':
      return [number(decimal(value * daysIn(scale.per))), unit(`/ ${scale.per}`)]
    case 'seconds':
      return durationParts(value)
    case 'share':
      return [number(percentOf(value)), unit('%')]
    case 'days_per_week':
      return [number(decimal(value)), unit('days / week')]
  }
}

export function figure(value: number, scale: Scale): string {
  return join(figureParts(value, scale))
}

/** A difference always carries its sign; shares differ by points, because "+10 %" of a share has two readings. */
export function difference(value: number, scale: Scale): string {
  const sign = value > 0 ? '+' : value < 0 ? '−' : '±'
  const size = Math.abs(value)
  if (scale.unit === 'share') {
    const points = decimal(size * 100)
    return `${sign}${points} ${points === '1' ? 'point' : 'points'}`
  }
  return `${sign}${figure(size, scale)}`
}

/** The two leading units, rounded at the smaller one: `2 d 4 h`, `4 h 15 min`, `45 min`, `1 min 30 s`. */
export function durationParts(seconds: number): Part[] {
  const sign = seconds < 0 ? '−' : ''
  const size = Math.abs(seconds)
  if (size < MINUTE - 0.5) {
    if (size > 0 && size < 0.1) return [number('< 0.1'), unit('s')]
    return [number(sign + (size < 1 ? decimal(size) : String(Math.round(size)))), unit('s')]
  }
  // Rounding comes first: 59 min 59 s is 1 h, and never "60 min".
  const whole = Math.round(size)
  if (whole < 10 * MINUTE) return pair(sign, Math.floor(whole / MINUTE), 'min', whole % MINUTE, 's')
  const minutes = Math.round(size / MINUTE)
  if (minutes < 60) return [number(sign + String(minutes)), unit('min')]
  if (minutes < 24 * 60) return pair(sign, Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(size / HOUR)
  if (hours < 10 * 24) return pair(sign, Math.floor(hours / 24), 'd', hours % 24, 'h')
  return [number(sign + grouped(Math.round(size / DAY))), unit('d')]
}

export function duration(seconds: number): string {
  return join(durationParts(seconds))
}

/** Per cent without its sign. Rounding never makes an incomplete share look complete, nor a present one absent. */
export function percentOf(share: number): string {
  const percent = share * 100
  const size = Math.abs(percent)
  if (size > 0 && size < 0.1) return percent < 0 ? '> −0.1' : '< 0.1'
  if (size < 10) return decimal(percent)
  // Availability is read by its nines.
  if (percent > 99.9 && percent < 100) return '> 99.9'
  if (percent > 99 && percent < 100) return trimmed((Math.floor(percent * 10) / 10).toFixed(1))
  return String(Math.round(percent))
}

export function count(value: number): string {
  return grouped(value)
}

/** `1 rule`, `2 rules` */
export function many(number: number, one: string, more: string): string {
  return `${count(number)} ${number === 1 ? one : more}`
}

/** One decimal while it tells something, none when it is zero. */
export function decimal(value: number): string {
  const rounded = Math.round(value * 10) / 10
  if (rounded === 0 && value !== 0) return Math.abs(value) < 0.001 ? '< 0.001' : trimmed(value.toPrecision(1))
  if (Math.abs(rounded) >= 100) return grouped(Math.round(rounded))
  return trimmed(rounded.toFixed(1))
}

function daysIn(per: Scale['per']): number {
  return per === 'day' ? 1 : per === 'week' ? DAYS_PER_WEEK : DAYS_PER_MONTH
}

function pair(sign: string, large: number, largeUnit: string, small: number, smallUnit: string): Part[] {
  const parts = [number(sign + String(large)), unit(largeUnit)]
  return small === 0 ? parts : [...parts, number(String(small)), unit(smallUnit)]
}

function trimmed(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

function grouped(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value)
}

function number(text: string): Part {
  return { text, kind: 'number' }
}

function unit(text: string): Part {
  return { text, kind: 'unit' }
}

function join(parts: Part[]): string {
  return parts.map((part) => part.text).join(' ')
}
