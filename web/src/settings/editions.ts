import type { Band } from '../api/settings.ts'

/** The names of the editions, the published ones first. */
export function editionsOf(bands: readonly Band[] = []): string[] {
  const named = (isOwn: boolean) => [...new Set(bands.filter((band) => band.is_own === isOwn).map(({ edition }) => edition))].toSorted()
  return [...named(false), ...named(true)]
}

/** `DORA 2024`, `acme-2026` */
export function editionText(edition: string): string {
  return /^\d{4}$/.test(edition) ? `DORA ${edition}` : edition
}
