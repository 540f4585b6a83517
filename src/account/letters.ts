import { oneLine, type Letter } from './mail.ts'

/** What is mailed: plain text, with who caused it and when its link ends. Nothing in it is fetched, so nobody learns whether it was read. */

export function invitationLetter(given: { organization: string; role: string; by: string; link: string; days: number }): Letter {
  const [organization, by] = [oneLine(given.organization), oneLine(given.by)]
  return {
    subject: `Join ${organization} on Fairlead`,
    text: lines(
      `${by} invites you to ${organization} on Fairlead, as ${given.role}.`,
      `Open this link to join. It works once, within ${given.days} days:`,
      given.link,
      'If you do not know what this is about, leave it: nothing happens without the link.',
    ),
  }
}

export function resetLetter(given: { by: string | null; link: string; minutes: number }): Letter {
  return {
    subject: 'A new password for Fairlead',
    text: lines(
      given.by === null
        ? 'Somebody asked for a new password for your account on Fairlead.'
        : `${oneLine(given.by)} made a link by which you set a new password on Fairlead.`,
      `Open it to choose one. It works once, within ${given.minutes} minutes, and ends every session of the account:`,
      given.link,
      'If it was not you who asked, leave it: the password stays as it is.',
    ),
  }
}

/** To an account that has none to forget. */
export function noPasswordLetter(given: { link: string; providers: readonly string[] }): Letter {
  const way =
    given.providers.length === 0 ? 'Ask an administrator for a link that sets one.' : `Sign in with ${given.providers.join(' or ')}:`
  return {
    subject: 'Your account on Fairlead has no password',
    text: lines(
      'Somebody asked for a new password for your account on Fairlead. It has none.',
      way,
      ...(given.providers.length === 0 ? [] : [given.link]),
      'If it was not you who asked, leave it.',
    ),
  }
}

export function testLetter(link: string): Letter {
  return { subject: 'Fairlead can send mail', text: lines('This was sent to try it. Links in mails begin with:', link) }
}

function lines(...paragraphs: string[]): string {
  return `${paragraphs.join('\n\n')}\n`
}
