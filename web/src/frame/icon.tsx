const PATHS = {
  up: 'M8 13V3m0 0L3.5 7.5M8 3l4.5 4.5',
  down: 'M8 3v10m0 0 4.5-4.5M8 13 3.5 8.5',
  same: 'M3 6h10M3 10h10',
  unknown: 'M4 8h.01M8 8h.01M12 8h.01',
  left: 'M10 3 5 8l5 5',
  right: 'm6 3 5 5-5 5',
  expand: 'm4 6 4 4 4-4',
  close: 'm4 4 8 8m0-8-8 8',
  warning: 'M8 2.2 14.5 13.5h-13L8 2.2Zm0 4.3v3.2m0 1.9v.1',
  copy: 'M6 6h7v7H6zM10 6V3H3v7h3',
  check: 'm3 8.5 3.2 3.2L13 5',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.2v1.2m0 11.2v1.2M1.2 8h1.2m11.2 0h1.2M3.2 3.2l.9.9m7.8 7.8.9.9m0-9.6-.9.9m-7.8 7.8-.9.9',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z',
  leave: 'M6 13.5H3v-11h3M10.5 11l3-3-3-3m3 3H6.5',
  person: 'M8 7.8a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4Zm-5.3 5.8c.5-2.5 2.6-3.9 5.3-3.9s4.8 1.4 5.3 3.9',
  external: 'M6.5 3.5h-3v9h9v-3M9.5 3h3.5v3.5M13 3 7.5 8.5',
  plus: 'M8 3v10M3 8h10',
  again: 'M13 8a5 5 0 1 1-1.5-3.5M13 2.5v3h-3',
  remove: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9',
} as const

export type IconName = keyof typeof PATHS

/** Decoration only: the text beside it, or the label of its button, says the same. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
