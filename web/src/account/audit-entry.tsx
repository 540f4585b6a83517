import type { AuditReply } from '../api/contract.ts'
import { agentText } from '../format/agent.ts'
import { count } from '../format/figure.ts'
import { shortMoment, utc } from '../format/moment.ts'
import { codeText } from '../format/words.ts'
import { actionText } from './audit-words.ts'
import { diffOf, type DiffLine } from './diff.ts'

const SHOWN = 5

const ACTORS: Readonly<Record<AuditReply['actor']['type'], string | null>> = {
  user: null,
  token: 'token',
  session: null,
  process: null,
  system: null,
}

export function AuditEntry({ entry, zone, onActor }: { entry: AuditReply; zone: string; onActor: (name: string) => void }) {
  const { at, actor, action, target, before, after, address, agent } = entry
  const kind = ACTORS[actor.type]
  const isSelf = actor.id !== null && actor.id === target.id
  const name = target.name ?? target.id
  // What was made or taken away says its own name again.
  const lines = diffOf(before, after, zone).filter(
    (line) => (line.before ?? line.after) !== name || (line.before !== null && line.after !== null),
  )
  return (
    <li className="audit-entry">
      <time className="audit-when" dateTime={at} title={utc(at)}>
        {shortMoment(at, zone)}
      </time>
      <div className="audit-what">
        <p>
          {kind !== null && `${kind} `}
          <button type="button" className="link audit-actor" title={`Show only what ${actor.name} did`} onClick={() => onActor(actor.name)}>
            {actor.name}
          </button>{' '}
          <span title={action}>{actionText(action)}</span>
          {action !== 'session.opened' && (
            <> {isSelf ? 'their own account' : <strong title={`${target.type} ${target.id}`}>{name}</strong>}</>
          )}
        </p>
        <Diff lines={lines.slice(0, SHOWN)} />
        {lines.length > SHOWN && (
          <details>
            <summary>{count(lines.length - SHOWN)} more fields</summary>
            <Diff lines={lines.slice(SHOWN)} />
          </details>
        )}
        <p className="audit-from" title={agent ?? undefined}>
          {address === null ? 'on the machine itself' : `from ${address}`}
          {agent !== null && `, ${agentText(agent)}`}
        </p>
      </div>
    </li>
  )
}

function Diff({ lines }: { lines: readonly DiffLine[] }) {
  if (lines.length === 0) return null
  return (
    <dl className="audit-diff">
      {lines.map(({ key, before, after }) => (
        <div key={key}>
          <dt title={key}>{codeText(key)}</dt>
          <dd>
            {before !== null && <del>{before}</del>}
            {before !== null && after !== null && <span aria-hidden="true"> → </span>}
            {after !== null && <ins>{after}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
