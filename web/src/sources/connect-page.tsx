import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { Connector, Source, Status } from '../api/contract.ts'
import { useConnectors, useSources } from '../api/queries.ts'
import { asProblem } from '../api/request.ts'
import { codeText } from '../format/words.ts'
import { Markdown } from '../frame/markdown.tsx'
import { Notice } from '../frame/notice.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'
import { CardBones } from '../state/page-skeleton.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { connectAddress } from './addresses.ts'
import { Saved } from './saved.tsx'
import { SettingsForm } from './settings-form.tsx'
import './connect-page.css'

/** First which tool, then its settings. */
export default function ConnectPage({ status }: { status: Status }) {
  const [params] = useSearchParams()
  const connectors = useConnectors()
  const sources = useSources()
  const chosen = params.get('connector')
  const connector = connectors.data?.items.find(({ id }) => id === chosen)
  const failed = connectors.error ?? sources.error
  const retry = () => {
    void connectors.refetch()
    void sources.refetch()
  }
  const isLoading = connectors.data === undefined || sources.data === undefined
  return (
    <Page
      // Another choice is another page: it begins at its heading, with an empty form.
      key={chosen}
      lead={
        chosen === null ? (
          <p>Where is the code, what builds and deploys it, where are incidents and work? One tool at a time.</p>
        ) : undefined
      }
      status={status}
      title={connector === undefined ? 'Connect a tool' : `Connect ${connector.title}`}
      above={
        <>
          <Link href="/sources">Sources</Link>
          {chosen !== null && (
            <>
              {' '}
              / <Link href="/sources/connect">Connect a tool</Link>
            </>
          )}
        </>
      }
    >
      {failed !== null && (
        <ProblemNotice problem={asProblem(failed)} onRetry={retry} retrying={connectors.isFetching || sources.isFetching} />
      )}
      {isLoading ? (
        failed === null && <CardBones what="the tools" />
      ) : !sources.data.may_change ? (
        <ReadOnly what="the sources" />
      ) : connector !== undefined ? (
        <Connect connector={connector} taken={sources.data.items.map(({ name }) => name)} />
      ) : (
        <div className="cards">
          {chosen !== null && (
            <Notice tone="warn">
              There is no connector <code>{chosen}</code>. These there are:
            </Notice>
          )}
          <Choice connectors={connectors.data.items} />
        </div>
      )}
    </Page>
  )
}

function Choice({ connectors }: { connectors: Connector[] }) {
  return (
    <ul className="connectors" aria-label="Tools that can be connected">
      {connectors
        .toSorted((a, b) => a.title.localeCompare(b.title, 'en'))
        .map((connector) => (
          <li key={connector.id} className="card connector">
            <h2>
              <Link href={connectAddress(connector.id)} className="connector-open">
                {connector.title}
              </Link>
            </h2>
            <p className="connector-gives">{firstSentence(connector.docs)}</p>
            <p className="connector-how">{ways(connector)}</p>
          </li>
        ))}
    </ul>
  )
}

function firstSentence(docs: string): string {
  const plain = (docs.split(/\n{2,}/)[0] ?? '')
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]/g, '')
    .replaceAll('\n', ' ')
  return /^.*?[.](?=\s|$)/.exec(plain)?.[0] ?? plain
}

function ways({ streams, hook }: Connector): string {
  const pulled = streams.some((stream) => stream.pulled)
  if (pulled) return hook === null ? 'Pulled' : 'Pulled, and webhooks'
  return hook === null ? 'Pushed' : 'Webhooks'
}

function Connect({ connector, taken }: { connector: Connector; taken: string[] }) {
  const [saved, setSaved] = useState<Source | null>(null)
  if (saved !== null) return <Saved source={saved} connector={connector} isNew />
  const tables = [...new Set(connector.streams.flatMap(({ produces }) => produces))].map((table) => codeText(table).toLowerCase())
  return (
    <div className="cards">
      <details className="card about">
        <summary>
          <h2>What it needs, and what it tells</h2>
        </summary>
        <Markdown text={connector.docs} />
        <p className="quiet">It fills: {tables.join(', ')}.</p>
      </details>
      <SettingsForm connector={connector} source={null} taken={taken} onSaved={setSaved} />
    </div>
  )
}
