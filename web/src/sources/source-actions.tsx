import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import type { Check, Pull, Replay, Source } from '../api/contract.ts'
import { ask, asProblem } from '../api/request.ts'
import { count } from '../format/figure.ts'
import { leadingUnit } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import { ConfirmDialog } from '../frame/confirm-dialog.tsx'
import { Failure } from '../frame/failure.tsx'
import { Icon } from '../frame/icon.tsx'
import { Notice } from '../frame/notice.tsx'
import { Prose } from '../frame/prose.tsx'
import { ProblemNotice } from '../state/problem-notice.tsx'
import { settingsAddress } from './addresses.ts'
import { CheckResult } from './check-result.tsx'
import { useWork } from './use-work.ts'
import { WorkProgress } from './work-progress.tsx'
import '../frame/field.css'
import './source-actions.css'

/** What can be done with a source, and what came of it. */
export function SourceActions({ source }: { source: Source }) {
  const { name } = source
  const sync = useWork<Pull>('/v1/sources/sync')
  const replay = useWork<Replay>('/v1/sources/replay')
  const check = useMutation({ mutationFn: () => ask<Check>('/v1/sources/check', { name }) })
  const [removing, setRemoving] = useState(false)
  const busy = sync.work.is === 'running' || replay.work.is === 'running'
  return (
    <>
      <div className="source-actions to-press">
        {source.pulls && (
          <button type="button" className="button button-main" disabled={busy} onClick={() => sync.start({ name })}>
            <Icon name="again" /> Sync now
          </button>
        )}
        {source.pulls && (
          <button type="button" className="button" disabled={check.isPending} onClick={() => check.mutate()}>
            {check.isPending ? 'Checking…' : 'Check'}
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={busy}
          title="Read what is kept again, with today’s settings, names and version"
          onClick={() => replay.start({ name })}
        >
          Replay
        </button>
        <Link href={settingsAddress(name)} className="button">
          Settings
        </Link>
        <button type="button" className="button button-bad" disabled={busy} onClick={() => setRemoving(true)}>
          <Icon name="remove" /> Remove
        </button>
      </div>
      {sync.work.is === 'running' && <WorkProgress title={`Syncing ${name}`} work={sync.work} onStop={sync.stop} />}
      {sync.work.is === 'done' && <Pulled pull={sync.work.reply} />}
      {sync.work.is === 'stopped' && <Stopped what="The sync" />}
      {sync.work.is === 'failed' && <ProblemNotice problem={sync.work.problem} onRetry={() => sync.start({ name })} retrying={false} />}
      {replay.work.is === 'running' && <WorkProgress title={`Reading ${name} again`} work={replay.work} onStop={replay.stop} />}
      {replay.work.is === 'done' && <Replayed replay={replay.work.reply} />}
      {replay.work.is === 'stopped' && <Stopped what="The replay" />}
      {replay.work.is === 'failed' && (
        <ProblemNotice problem={replay.work.problem} onRetry={() => replay.start({ name })} retrying={false} />
      )}
      {check.error !== null && <ProblemNotice problem={asProblem(check.error)} onRetry={() => check.mutate()} retrying={check.isPending} />}
      {check.data !== undefined && <CheckResult check={check.data} />}
      {removing && <RemoveDialog name={name} onCancel={() => setRemoving(false)} />}
    </>
  )
}

function Pulled({ pull }: { pull: Pull }) {
  const problems = Object.entries(pull.problems)
  const streams = Object.entries(pull.streams).filter(([, items]) => items > 0)
  return (
    <Notice tone={problems.length === 0 ? 'good' : 'warn'} role="status">
      <p>
        <strong>
          {pull.items === 0 ? 'Nothing new' : `${count(pull.items)} ${pull.items === 1 ? 'item' : 'items'}`} in {leadingUnit(pull.seconds)}.
        </strong>{' '}
        {streams.map(([stream, items]) => `${codeText(stream)} ${count(items)}`).join(', ')}
      </p>
      {problems.map(([stream, reason]) => (
        <p key={stream}>
          {codeText(stream)}: <Prose text={reason} />
        </p>
      ))}
    </Notice>
  )
}

function Replayed({ replay }: { replay: Replay }) {
  return (
    <Notice tone={replay.unread === 0 ? 'good' : 'warn'} role="status">
      <strong>
        {count(replay.items)} {replay.items === 1 ? 'item' : 'items'} read again.
      </strong>{' '}
      {replay.removed > 0 && `${count(replay.removed)} rows that they no longer tell are gone. `}
      {replay.unread > 0 && `${count(replay.unread)} could not be understood.`}
    </Notice>
  )
}

function Stopped({ what }: { what: string }) {
  return (
    <Notice tone="warn" role="status">
      {what} was stopped. What it had done by then is kept, and the next one goes on from there.
    </Notice>
  )
}

function RemoveDialog({ name, onCancel }: { name: string; onCancel: () => void }) {
  const queries = useQueryClient()
  const [, navigate] = useLocation()
  const [data, setData] = useState(false)
  const remove = useMutation({
    mutationFn: () => ask<{ removed: string }>('/v1/sources/remove', { name, data }),
    onSuccess: async () => {
      // Not this source's own figures: there is nothing to ask any more.
      navigate('/sources')
      await queries.invalidateQueries({ queryKey: ['sources'] })
      await queries.invalidateQueries({ queryKey: ['status'] })
    },
  })
  return (
    <ConfirmDialog
      title={`Disconnect ${name}?`}
      act={data ? 'Remove it and its data' : 'Disconnect'}
      busy={remove.isPending}
      onAct={() => remove.mutate()}
      onCancel={onCancel}
    >
      <p>
        It is no longer pulled, its webhooks are refused, and its credentials are deleted.{' '}
        {data ? 'Everything that it told leaves the figures.' : 'What it told stays in the figures.'}
      </p>
      <label className="check-line">
        <input type="checkbox" checked={data} onChange={(event) => setData(event.target.checked)} />
        <span>Remove its data, too</span>
      </label>
      <Failure error={remove.error} />
    </ConfirmDialog>
  )
}
