import type { Clock } from '../../clock.ts'
import type { Applier } from '../../ingest/applier.ts'
import type { Journal } from '../../ingest/journal.ts'
import type { Sources } from '../../source/sources.ts'
import { stateOf } from '../../source/state.ts'
import { bytesText, countText, namesText, secondsText, type Say } from './finding.ts'

/** What the running program knows of itself: the journal, the keys, the sources. */
const LAG_WARNING_S = 60
const PENDING_SHARE = 0.5

export function sayJournal(
  say: Say,
  parts: { journal: Journal; applier: Applier; limitBytes: number; analyticsAway: string | null },
): void {
  const { journal, applier, limitBytes, analyticsAway } = parts
  const { broken, head, applied, pendingBytes, segments } = journal.stats()
  const { waitingFor, quarantined } = applier.stats()
  if (broken !== null)
    say(
      'disk',
      'failure',
      broken,
      'Look at the disk and at the log (journal.*), then start Fairlead again; `fairlead verify` tells what is missing.',
    )
  const waits = analyticsAway ?? waitingFor
  if (waits !== null)
    say(
      'applier',
      'failure',
      `Events are kept and not applied: ${waits}`,
      'Nothing is lost meanwhile: they wait in the journal. Mend the analytics store, and it goes on by itself.',
    )
  const lag = applier.lagSeconds()
  const text = `${countText(head - applied, 'item')} of ${head.toLocaleString('en')} wait to be applied, ${bytesText(pendingBytes)} in ${countText(segments, 'segment')}`
  if (pendingBytes > PENDING_SHARE * limitBytes)
    say(
      'room',
      'warning',
      `${text}; at ${bytesText(limitBytes)} (FAIRLEAD_JOURNAL_LIMIT) events are refused.`,
      'The analytics store is away or too slow: see its findings.',
    )
  else if (lag > LAG_WARNING_S)
    say(
      'lag',
      'warning',
      `What came in is seen after ${secondsText(lag)}; ${text}.`,
      'The analytics store is away or too slow: see its findings.',
    )
  else say('lag', 'ok', `${text}.`)
  if (quarantined > 0)
    say(
      'quarantine',
      'warning',
      `The analytics store refused ${countText(quarantined, 'item')} since the start.`,
      'They stand in quarantine/ of the data directory, each with the reason; please report it.',
    )
}

export async function sayKeys(say: Say, parts: { sources: Sources; keys: number; given: boolean; oldGiven: boolean }): Promise<void> {
  const { sources, keys, given, oldGiven } = parts
  const { credentials, unopened } = await sources.unopenedCredentials()
  const where = given ? 'FAIRLEAD_SECRET_KEY' : 'secret.key of the data directory'
  if (unopened.length > 0) {
    const named = new Map((await sources.all()).map((one) => [one.id, one.name]))
    const names = [...new Set(unopened.map((one) => `${named.get(one.source) ?? one.source} (${one.field})`))]
    say(
      'opens',
      'failure',
      `${countText(unopened.length, 'credential')} of ${credentials} do not open with the key in ${where}: ${namesText(names)}.`,
      'Give back the key that they were sealed with, or give the sources their credentials again.',
    )
  } else say('opens', 'ok', `${countText(credentials, 'credential')}, all opened with the key in ${where}.`)
  if (oldGiven) say('rotation', 'note', 'FAIRLEAD_SECRET_KEY_OLD is set.', 'After `fairlead keys rotate` start the server without it.')
  else if (keys > 1)
    say('rotation', 'warning', 'A rotation of the key was broken off: two keys open.', '`fairlead keys rotate` goes on with it.')
}

const TROUBLE = {
  failing: { level: 'warning', text: 'fails' },
  needs_attention: { level: 'warning', text: 'is refused, or cannot be set up' },
  late: { level: 'note', text: 'is late by more than two of its turns' },
} as const

export async function saySources(say: Say, parts: { sources: Sources; slugs: ReadonlyMap<string, string>; clock: Clock }): Promise<void> {
  const { sources, slugs, clock } = parts
  const all = await sources.all()
  let troubled = 0
  for (const one of all) {
    // Settings that cannot be opened are no reason to pull.
    const pulls = await sources.pulls(one.org, one).catch(() => one.last_error !== null)
    const trouble = TROUBLE[stateOf(one, pulls, clock.now()) as keyof typeof TROUBLE]
    if (trouble === undefined) continue
    troubled++
    const code = one.health.error_code === undefined ? '' : ` (${one.health.error_code})`
    say(
      'health',
      trouble.level,
      `${one.name} of ${slugs.get(one.org) ?? one.org} ${trouble.text}${code}.`,
      `fairlead sources health ${one.name}; fairlead sources check ${one.name}`,
    )
  }
  if (troubled === 0) say('health', 'ok', `${countText(all.length, 'source')}, none in trouble.`)
}
