import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { Connector, Source, Status } from '../api/contract.ts'
import { useConnectors, useSources } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { sourceAddress } from './addresses.ts'
import { Saved } from './saved.tsx'
import { SettingsForm } from './settings-form.tsx'

export default function SettingsPage({ status }: { status: Status }) {
  const [params] = useSearchParams()
  const name = params.get('name') ?? ''
  const connectors = useConnectors()
  const sources = useSources()
  const source = sources.data?.items.find((one) => one.name === name)
  const connector = connectors.data?.items.find(({ id }) => id === source?.connector)
  const failed = connectors.error ?? sources.error
  const retry = () => {
    void connectors.refetch()
    void sources.refetch()
  }
  return (
    <Page
      status={status}
      title={`Settings of ${name}`}
      above={
        <>
          <Link href="/sources">Sources</Link> / <Link href={sourceAddress(name)}>{name}</Link>
        </>
      }
    >
      {failed !== null && (
        <ProblemNotice problem={asProblem(failed)} onRetry={retry} retrying={connectors.isFetching || sources.isFetching} />
      )}
      {connectors.data === undefined || sources.data === undefined ? (
        failed === null && <CardBones what="the settings" />
      ) : !sources.data.may_change ? (
        <ReadOnly what="the sources" />
      ) : source === undefined || connector === undefined ? (
        <Notice tone="warn">
          {source === undefined ? `There is no source ${name}.` : `This version of Fairlead has no connector ${source.connector}.`}
        </Notice>
      ) : (
        <Edit source={source} connector={connector} taken={sources.data.items.map((one) => one.name)} />
      )}
    </Page>
  )
}

function Edit({ source, connector, taken }: { source: Source; connector: Connector; taken: string[] }) {
  const [saved, setSaved] = useState<Source | null>(null)
  // The list is asked for again while the form is open; what is edited is what stood when it was opened.
  const [edited] = useState(source)
  if (saved !== null) return <Saved source={saved} connector={connector} isNew={false} />
  return <SettingsForm connector={connector} source={edited} taken={taken} onSaved={setSaved} />
}
