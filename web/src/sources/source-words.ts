import type { Source, SourceState } from '../api/contract.ts'
import { leadingUnit } from '../format/moment.ts'

/** As the server's schedule has it. */
const DEFAULT_MINUTES = 15

const STATES: Record<SourceState, { text: string; tone: 'good' | 'warn' | 'bad' | 'plain'; meaning: string }> = {
  fine: { text: 'Fine', tone: 'good', meaning: 'The last pull went well, and not long ago.' },
  late: { text: 'Late', tone: 'warn', meaning: 'More than two of its turns have passed without a good pull.' },
  failing: { text: 'Failing', tone: 'bad', meaning: 'The last pull failed. It is tried again by itself, less and less often.' },
  needs_attention: { text: 'Needs attention', tone: 'bad', meaning: 'It will not mend by itself.' },
  waiting: { text: 'Waiting', tone: 'plain', meaning: 'It has not been pulled yet.' },
  pushed: { text: 'Pushed', tone: 'plain', meaning: 'It is not pulled: the tool sends, and Fairlead listens.' },
}

export function stateWords(state: SourceState) {
  return STATES[state]
}

/** What to do about the last error; null when there is none. */
export function remedyOf({ state, last_error, hook_path }: Source): string | null {
  if (last_error === null) return null
  if (state === 'needs_attention')
    return 'Run the check: it names what the credential lacks. A credential that has ended is given again in the settings.'
  if (state === 'failing') return 'It is tried again by itself. If it stays so, the check says whether the tool answers at all.'
  return hook_path === null
    ? 'Sync it once to see whether it still fails.'
    : 'Compare the secret of the webhook in the tool with the one in the settings.'
}

/** `every 15 min`, `never by itself` */
export function rhythm({ pulls, every_minutes, hook_path }: Pick<Source, 'pulls' | 'every_minutes' | 'hook_path'>): string {
  const minutes = every_minutes ?? DEFAULT_MINUTES
  const pulled = !pulls ? null : minutes === 0 ? 'pulled by hand' : `pulled every ${leadingUnit(minutes * 60)}`
  const pushed = hook_path === null ? null : 'webhook'
  return [pulled, pushed].filter((part) => part !== null).join(' and ') || 'pushed'
}
