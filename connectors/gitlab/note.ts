import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { review, type Review } from '../../domain/review.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { transition } from '../../domain/transition.ts'
import { pulled } from '../../src/connector.ts'
import { each, momentOf, whole } from './api.ts'
import { allMergeRequests, mergeRequestPath } from './merge-request.ts'
import { either, id, type Item, part, place, when } from './payload.ts'
import { isBot, login, person } from './person.ts'
import { lists, pullLists } from './project-list.ts'
import { contextOf } from './project.ts'

const pulledNote = z.object({
  id,
  project: place,
  noteable_iid: id,
  body: z.string(),
  system: z.boolean().nullish(),
  author: person,
  created_at: when,
})

type Note = z.output<typeof pulledNote>

/** Who approved is told by the merge request's webhook: it becomes the note that GitLab writes beside it. */
function noteIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const about = { project: body['project'], author: body['user'] }
  if (body['object_kind'] === 'note') return { ...said, ...about, noteable_iid: part(body, 'merge_request')['iid'], body: said['note'] }
  const verb = String(said['action']).startsWith('un') ? 'unapproved' : 'approved'
  return { ...about, id: 0, noteable_iid: said['iid'], body: `${verb} this merge request`, system: true, created_at: said['updated_at'] }
}

export const notePayload = either(noteIn, pulledNote)

export const pullNotes = pullLists(
  'comments and approvals',
  lists('merge_requests', allMergeRequests, async (ask, found, project) => {
    const notes = await each(found, (one) => whole(ask, `${mergeRequestPath(one, project)}/notes`, { order_by: 'created_at', sort: 'asc' }))
    return notes
      .flat()
      .map((one) => pulled(`note:${String(one['id'])}`, momentOf(one, 'updated_at'), { ...one, project: contextOf(project) }))
  }),
)

const VERDICTS: readonly (readonly [RegExp, NonNullable<Review['state']>])[] = [
  [/^approved this merge request/i, 'approved'],
  [/^unapproved this merge request/i, 'dismissed'],
  [/^requested changes/i, 'changes_requested'],
]

const STEPS: readonly (readonly [RegExp, string, string, string])[] = [
  [/^marked (?:this merge request )?as (?:a )?\*\*(?:draft|work in progress)\*\*/i, 'draft', 'false', 'true'],
  [
    /^(?:marked this merge request as \*\*ready\*\*|unmarked (?:this merge request )?as a \*\*work in progress\*\*)/i,
    'draft',
    'true',
    'false',
  ],
  [/^closed(?: via | automatically|$)/i, 'state', 'open', 'closed'],
  [/^reopened(?: via |$)/i, 'state', 'closed', 'open'],
]

const namesIn = (text: string | undefined) => [...(text ?? '').matchAll(/@(\w(?:[\w.-]*\w)?)/g)].map((found) => found[1] as string)

export function noteRows(note: Note): DomainRows {
  const { author, body, created_at: at } = note
  const repository = note.project.path_with_namespace
  const change_id = `${repository}!${note.noteable_iid}`
  const told = { change_id, repository, author: login(author), author_is_bot: isBot(author), at }
  const url =
    note.id === 0 || !note.project.web_url ? null : `${note.project.web_url}/-/merge_requests/${note.noteable_iid}#note_${note.id}`
  if (note.system !== true)
    return { reviews: [rowOf(review, { ...told, id: `note:${note.id}`, kind: 'comment', state: 'commented', url })] }
  const verdict = VERDICTS.find(([words]) => words.test(body))
  if (verdict !== undefined) {
    // A person has one verdict on a merge request, the last one. By name, so that the note and the webhook, which has no note, tell one row.
    const id = `verdict:${told.author ?? note.id}`
    return { reviews: [rowOf(review, { ...told, id, kind: 'review', state: verdict[1], url: null })] }
  }
  const reset = /^reset approvals from (.*) by pushing/is.exec(body)
  if (reset !== null) {
    const dismissed = (name: string) => ({ ...told, id: `verdict:${name}`, author: name, author_is_bot: isBot({ username: name }) })
    return {
      reviews: [...new Set(namesIn(reset[1]))].map((name) => rowOf(review, { ...dismissed(name), kind: 'review', state: 'dismissed' })),
    }
  }
  const step = (field: string, from_value: string | null, to_value: string | null, more = '') =>
    rowOf(transition, {
      id: `note:${note.id}${more}`,
      subject_type: 'change',
      subject_id: change_id,
      repository,
      at,
      field,
      from_value,
      to_value,
      actor: told.author,
    })
  const plain = STEPS.find(([words]) => words.test(body))
  if (plain !== undefined) return { transitions: [step(plain[1], plain[2], plain[3])] }
  const [asked, removed] = body.split(/\bremoved review request for\b/i)
  const names = /\brequested review from\b/i.test(asked ?? '') ? namesIn(asked) : []
  return {
    transitions: [
      ...[...new Set(names)].map((name) => step('reviewer', null, name, `:+${name}`)),
      ...[...new Set(namesIn(removed))].map((name) => step('reviewer', name, null, `:-${name}`)),
    ],
  }
}
