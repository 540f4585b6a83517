import { ago, moment } from '../format/moment.ts'

/** How long ago, with the moment itself in its title. */
export function Ago({ at, now, zone, never }: { at: string | null; now: number; zone: string; never: string }) {
  if (at === null) return <>{never}</>
  return (
    <time dateTime={at} title={moment(at, zone)}>
      {ago(at, now)}
    </time>
  )
}
