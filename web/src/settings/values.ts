import type { Setting } from '../api/settings.ts'
import { codeText } from '../format/words.ts'

/** A value as a reader says it; null is the default. */
export function valueText(setting: Setting | undefined, value: unknown): string {
  if (value === null || value === undefined) return setting === undefined ? 'default' : `default (${valueText(setting, setting.default)})`
  if (typeof value === 'string') return setting?.schema.enum === undefined ? value : codeText(value)
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
