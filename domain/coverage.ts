import { entity, flag, instant, text } from './entity.ts'

/** From when to when a source has been watching a table. A count is 0 only inside such a span; outside it is unknown. */
export const coverage = entity(
  'coverage',
  {
    table: text(),
    from_at: instant(),
    /** The last moment that a pull has seen; a push source is open: it watches until it is removed. */
    to_at: instant(),
    open: flag(),
  },
  ['table'],
)
