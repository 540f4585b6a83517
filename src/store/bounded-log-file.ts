import { closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readFileSync } from 'node:fs'

const LIMIT_BYTES = 2 * 1024 * 1024

/**
 * A log file that another process appends to. When it is over its limit it is copied to `.1` and cut to nothing: the writer keeps its
 * descriptor, and appending then begins at zero. A line written between the two may be lost; the disk never fills.
 */
export class BoundedLogFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** A descriptor to hand to the writer; close it after the hand-over. Each start of a server begins a new file when the old one is over its limit. */
  open(): number {
    const descriptor = openSync(this.#path, 'a', 0o600)
    this.#bound(descriptor)
    return descriptor
  }

  bound(): void {
    const descriptor = openSync(this.#path, 'a', 0o600)
    try {
      this.#bound(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  size(): number {
    const descriptor = openSync(this.#path, 'a', 0o600)
    try {
      return fstatSync(descriptor).size
    } finally {
      closeSync(descriptor)
    }
  }

  /** What was written since the file had `offset` bytes. */
  since(offset: number): string {
    return readFileSync(this.#path).subarray(offset).toString('utf8')
  }

  #bound(descriptor: number): void {
    if (fstatSync(descriptor).size <= LIMIT_BYTES) return
    copyFileSync(this.#path, `${this.#path}.1`)
    ftruncateSync(descriptor, 0)
  }
}
