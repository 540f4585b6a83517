import { RE2JS } from 're2js'
import { z } from 'zod'

/** Patterns that people write into settings. RE2 finds a match anywhere in the text and cannot be made to take long: no look-around, no back-references. */

/** A text of one line. */
export const line = () =>
  z
    .string()
    .min(1)
    .max(300)
    .regex(/^\P{Cc}+$/u, 'must not hold control characters')

/** The field of a pattern. */
export const pattern = () =>
  line().superRefine((text, context) => {
    const message = patternProblem(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

/** Why a text is no pattern; null where it is one. */
export function patternProblem(text: string): string | null {
  try {
    compile(text)
    return null
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace('error parsing regexp: ', '') : String(thrown)
    return `cannot be used as a pattern: ${reason}`
  }
}

const compiled = new Map<string, RE2JS>()

/** Patterns are few and are asked for each item that is read. */
export function compile(text: string): RE2JS {
  let one = compiled.get(text)
  if (one === undefined) {
    one = RE2JS.compile(text)
    if (compiled.size > 1_000) compiled.clear()
    compiled.set(text, one)
  }
  return one
}

/** Whether a pattern is found anywhere in a value. */
export function isFound(text: string, value: string): boolean {
  return compile(text).matcher(value).find()
}

/** Whether one of the patterns is. */
export function isAnyFound(patterns: readonly string[], value: string): boolean {
  return patterns.some((one) => isFound(one, value))
}

/** The named groups of a pattern in a value, those that took part in the match; null where it is not found. */
export function groupsOf(text: string, value: string): Record<string, string> | null {
  const one = compile(text)
  const matcher = one.matcher(value)
  if (!matcher.find()) return null
  return Object.fromEntries(
    Object.keys(one.namedGroups()).flatMap((name) => {
      const group = matcher.group(name)
      return group === null ? [] : [[name, group]]
    }),
  )
}

/** `{name}` in a text becomes the word of that name; what is no word stays as it is written. */
export function filled(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, word: string) => (Object.hasOwn(words, word) ? (words[word] as string) : whole))
}
