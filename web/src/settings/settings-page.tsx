import type { Status } from '../api/contract.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { useBenchmarks, useSettings } from '../api/settings.ts'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { SettingCard } from './setting-card.tsx'
import { SettingHistory } from './setting-history.tsx'
import { SettingPages } from './setting-pages.tsx'
import { editionsOf } from './editions.ts'

/** What the organization has decided about its figures, and who decided it. */
export default function SettingsPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  const settings = useSettings()
  const editions = editionsOf(useBenchmarks().data?.items)
  const zone = status.organization.time_zone
  return (
    <Page status={status} title="Settings" lead={<p>What this organization has decided about its figures.</p>}>
      <SettingPages />
      {settings.error !== null && (
        <ProblemNotice problem={asProblem(settings.error)} onRetry={() => void settings.refetch()} retrying={settings.isFetching} />
      )}
      {settings.data === undefined ? (
        settings.error === null && <CardBones what="the settings" />
      ) : (
        <div className="cards">
          {mayChange === false && <ReadOnly what="the settings" />}
          <section className="card setting-list" aria-label="Settings">
            {settings.data.items.map((setting) => (
              // Anew when it was changed, so that the field shows what stands.
              <SettingCard
                key={`${setting.key} ${setting.updated_at}`}
                setting={setting}
                editions={editions}
                mayChange={mayChange === true}
                zone={zone}
              />
            ))}
          </section>
          <SettingHistory settings={settings.data.items} zone={zone} />
        </div>
      )}
    </Page>
  )
}
