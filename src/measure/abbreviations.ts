/** Finds a commit by its full or abbreviated SHA (7 characters or more); an abbreviation that fits two commits finds none. */
export class Abbreviations {
  readonly #shas: readonly string[]
  readonly #indexOf: ReadonlyMap<string, number>
  #sorted: number[] | null = null

  /** Without repetitions. */
  constructor(shas: readonly string[], indexOf: ReadonlyMap<string, number>) {
    this.#shas = shas
    this.#indexOf = indexOf
  }

  resolve(revision: string | null): number | null {
    if (revision === null) return null
    const wanted = revision.toLowerCase()
    const whole = this.#indexOf.get(wanted)
    if (whole !== undefined) return whole
    if (!/^[0-9a-f]{7,39}$/.test(wanted)) return null
    const shas = this.#shas
    this.#sorted ??= shas.map((_, index) => index).sort((a, b) => ((shas[a] as string) < (shas[b] as string) ? -1 : 1))
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((shas[this.#sorted[middle] as number] as string) < wanted) low = middle + 1
      else high = middle
    }
    const match = this.#sorted[low]
    const next = this.#sorted[low + 1]
    if (match === undefined || !(shas[match] as string).startsWith(wanted)) return null
    return next !== undefined && (shas[next] as string).startsWith(wanted) ? null : match
  }
}
