import { inspect } from 'node:util'

/** A value that never prints: logs, JSON, templates and the inspector show `[secret]`. Read it with `.reveal()` at the one place that needs it. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
  [inspect.custom](): string {
    return '[secret]'
  }
}
