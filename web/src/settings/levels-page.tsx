import { useState } from 'react'
import { useSearchParams } from 'wouter'
import type { Status } from '../api/contract.ts'
import { useCatalogue } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { useMayChange } from '../api/session.ts'
import { useBenchmarks, useSettings } from '../api/settings.ts'
import { useChange } from '../api/use-change.ts'
import { codeText } from '../format/words.ts'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Tag } from '../frame/field.tsx'
import { Icon } from '../frame/icon.tsx'
import { Page } from '../frame/page.tsx'
import { Choice } from '../review/controls.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { EditionForm } from './edition-form.tsx'
import { EditionTable } from './edition-table.tsx'
import { editionsOf, editionText } from './editions.ts'
import { SettingPages } from './setting-pages.tsx'
import './levels-page.css'

/** What each edition asks for a level: the published ones, and the organization's own. */
export default function LevelsPage({ status }: { status: Status }) {
  const [params, setParams] = useSearchParams()
  const mayChange = useMayChange()
  const benchmarks = useBenchmarks()
  const settings = useSettings()
  const catalogue = useCatalogue()
  const [form, setForm] = useState<'closed' | 'new' | 'change'>('closed')
  const [removing, setRemoving] = useState(false)
  const bands = benchmarks.data?.items ?? []
  const editions = editionsOf(bands)
  const standard = settings.data?.items.find(({ key }) => key === 'default_edition')?.value
  const asked = params.get('edition') ?? String(standard ?? '')
  const edition = editions.includes(asked) ? asked : (editions[0] ?? '')
  const shown = bands.filter((band) => band.edition === edition)
  const isOwn = shown[0]?.is_own === true
  const titleOf = (metric: string) => catalogue.data?.items.find(({ id }) => id === metric)?.title ?? codeText(metric)
  const choose = (chosen: string) => {
    setForm('closed')
    setParams({ edition: chosen })
  }
  return (
    <Page
      status={status}
      title="Levels"
      lead={<p>What a figure must be to be called elite, high, medium or low.</p>}
      end={
        mayChange === true && benchmarks.data !== undefined && form === 'closed' ? (
          <button type="button" className="button button-main" onClick={() => setForm('new')}>
            <Icon name="plus" /> Add an edition
          </button>
        ) : undefined
      }
    >
      <SettingPages />
      {benchmarks.error !== null && (
        <ProblemNotice problem={asProblem(benchmarks.error)} onRetry={() => void benchmarks.refetch()} retrying={benchmarks.isFetching} />
      )}
      {benchmarks.data === undefined ? (
        benchmarks.error === null && <CardBones what="the levels" />
      ) : form !== 'closed' ? (
        <EditionForm
          bands={bands}
          edition={form === 'change' ? edition : null}
          titleOf={titleOf}
          onDone={(saved) => (saved === null ? setForm('closed') : choose(saved))}
        />
      ) : (
        <section className="card" aria-labelledby="edition">
          <div className="edition-head">
            <h2 id="edition">{editionText(edition)}</h2>
            {edition === standard && <Tag text="the default" title="Rates figures where no edition is asked for" />}
            {isOwn && <Tag text="your own" />}
            <div className="edition-choice">
              <Choice
                label="Edition"
                value={edition}
                options={editions.map((one) => ({ value: one, text: editionText(one) }))}
                onChoose={choose}
              />
            </div>
          </div>
          <EditionTable bands={shown} titleOf={titleOf} />
          {isOwn && mayChange === true && (
            <div className="field-buttons">
              <button type="button" className="button" onClick={() => setForm('change')}>
                Change
              </button>
              <button type="button" className="button button-bad" onClick={() => setRemoving(true)}>
                <Icon name="remove" /> Remove
              </button>
            </div>
          )}
        </section>
      )}
      {removing && (
        <RemoveEdition
          edition={edition}
          onDone={(removed) => {
            setRemoving(false)
            if (removed) setParams({})
          }}
        />
      )}
    </Page>
  )
}

function RemoveEdition({ edition, onDone }: { edition: string; onDone: (removed: boolean) => void }) {
  const remove = useChange<object, { edition: string }>('/v1/benchmarks/remove', 'benchmarks')
  return (
    <ConfirmDialog
      title={`Remove ${edition}?`}
      act="Remove"
      busy={remove.isPending}
      onAct={() => remove.mutate({ edition }, { onSuccess: () => onDone(true) })}
      onCancel={() => onDone(false)}
    >
      <p>Figures that were asked for with it can no longer be asked for like that. No figure changes.</p>
      <Failure error={remove.error} />
    </ConfirmDialog>
  )
}
