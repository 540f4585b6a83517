import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MailSettings } from './mail-settings.ts'

export interface Letter {
  readonly subject: string
  readonly text: string
}

/** Whether a mail went out, for the reply; `mail_error` says why not, where it was tried. */
export interface Delivery {
  readonly mailed: boolean
  readonly mail_error: string | null
}

/** Plain text to one person, through the mail server that is set. Nothing is kept and tried again: whoever asked can ask once more. */
export interface Mail {
  readonly isSet: boolean
  /** Never throws: what the mail was about stands without it. */
  deliver(to: string, letter: Letter): Promise<Delivery>
  close(): void
}

const NOT_TRIED: Delivery = { mailed: false, mail_error: null }
const CONNECT_MS = 5_000
const ANSWER_MS = 10_000

export async function openMail(settings: MailSettings | null, log: Log): Promise<Mail> {
  if (settings === null) return { isSet: false, deliver: async () => NOT_TRIED, close() {} }
  // Most have no mail server, and each start would wait 75 ms for what talks to one.
  const { createTransport } = await import('nodemailer')
  const { host, port, secure, mayBePlain, auth, from } = settings
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: !secure && !mayBePlain,
    // A mail server of this machine seldom has a certificate for `localhost`.
    tls: { rejectUnauthorized: !mayBePlain, minVersion: 'TLSv1.2' },
    ...(auth === null ? {} : { auth }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: ANSWER_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    isSet: true,
    async deliver(to, { subject, text }) {
      try {
        // An address as a field of its own is not read as a list of them.
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject: oneLine(subject),
          text,
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
        return { mailed: true, mail_error: null }
      } catch (thrown) {
        const reason = oneLine(thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 300)
        log.warn('mail.failed', { host, port, reason })
        return { mailed: false, mail_error: `The mail server ${host}:${port} did not take it: ${reason}` }
      }
    },
    close: () => transport.close(),
  }
}

/** Names come from people; none of them begins a line of its own. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

export function noMail(): AppError {
  return new AppError('not-found', 'This server sends no mail.', {
    help: 'Ask an administrator for a link. Who runs the server sets FAIRLEAD_SMTP_URI, FAIRLEAD_MAIL_FROM and FAIRLEAD_PUBLIC_URL.',
  })
}
