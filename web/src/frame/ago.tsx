import { ago, date, moment } from '../format/moment.ts'

/** Beyond these a number of days says less than the date. */
const MOST_DAYS = 60

/** How long ago, or since long ago the date; with the moment itself in its title. */
export function Ago({ at, now, zone, never }: { at: string | null; now: number; zone: string; never: string }) {
  if (at === null) return <>{never}</>
  return (
    <time dateTime={at} title={moment(at, zone)}>
      {now - Date.parse(at) > MOST_DAYS * 86_400_000 ? date(at, zone) : ago(at, now)}
    </time>
  )
}
