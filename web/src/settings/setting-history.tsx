import { asProblem } from '../api/request.ts'
import { useSettingHistory, type Setting } from '../api/settings.ts'
import { shortMoment, utc } from '../format/moment.ts'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { valueText } from './values.ts'

/** Who changed what, newest first. */
export function SettingHistory({ settings, zone }: { settings: readonly Setting[]; zone: string }) {
  const history = useSettingHistory()
  const changes = history.data?.pages.flatMap(({ items }) => items) ?? []
  if (history.error !== null)
    return <ProblemNotice problem={asProblem(history.error)} onRetry={() => void history.refetch()} retrying={history.isFetching} />
  if (history.data === undefined) return <CardBones what="the history" />
  return (
    <section className="card" aria-labelledby="setting-history">
      <h2 id="setting-history">History</h2>
      {changes.length === 0 ? (
        <p className="quiet">Nothing has been changed yet.</p>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Changes of settings">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Setting</th>
                <th scope="col">Change</th>
                <th scope="col">Who</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ key, at, by, before, after }) => {
                const setting = settings.find((one) => one.key === key)
                return (
                  <tr key={`${at} ${key}`}>
                    <td className="is-when">
                      <time dateTime={at} title={utc(at)}>
                        {shortMoment(at, zone)}
                      </time>
                    </td>
                    <th scope="row">{setting?.title ?? key}</th>
                    <td>
                      {valueText(setting, before)} → {valueText(setting, after)}
                    </td>
                    <td>{by}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
      {history.hasNextPage && (
        <button type="button" className="link" disabled={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          {history.isFetchingNextPage ? 'Loading…' : 'Show earlier changes'}
        </button>
      )}
    </section>
  )
}
