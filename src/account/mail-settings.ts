import { z } from 'zod'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { isLoopback } from './oidc-settings.ts'

export interface MailSettings {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; otherwise by STARTTLS, without which nothing is sent. */
  readonly secure: boolean
  /** On this machine nobody reads along. */
  readonly mayBePlain: boolean
  readonly auth: { readonly user: string; readonly pass: string } | null
  readonly from: { readonly name: string; readonly address: string }
}

const HELP =
  'Set FAIRLEAD_SMTP_URI (`smtp://user:password@host:587` or `smtps://…`), FAIRLEAD_MAIL_FROM and FAIRLEAD_PUBLIC_URL, or neither of the first two.'

/** Null where none of it is set. */
export function mailSettingsOf(config: Config): MailSettings | null {
  const { FAIRLEAD_SMTP_URI: uri, FAIRLEAD_MAIL_FROM: from, FAIRLEAD_PUBLIC_URL: address } = config
  if (uri === null && from === null) return null
  const refuse = (what: string, help = HELP) => new AppError('config', what, { help })
  if (uri === null || from === null)
    throw refuse(`Mail is set in part: ${uri === null ? 'FAIRLEAD_SMTP_URI' : 'FAIRLEAD_MAIL_FROM'} is missing.`)
  // Whoever asks for a link by mail chooses what the request says about the host: the link would lead there, with its code.
  if (address === null) throw refuse('Mail needs FAIRLEAD_PUBLIC_URL: the links in it must not come from what a request says.')
  const text = uri.reveal()
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    throw refuse('FAIRLEAD_SMTP_URI is no address of a mail server.')
  if (url.search !== '' || !['', '/'].includes(url.pathname))
    throw refuse(
      'FAIRLEAD_SMTP_URI has more in it than user, password, host and port.',
      'A certificate of your own is made known with NODE_EXTRA_CA_CERTS.',
    )
  const secure = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    mayBePlain: isLoopback(url.hostname),
    auth: user === '' ? null : { user, pass: decodeURIComponent(url.password) },
    from: senderOf(from),
  }
}

/** `Fairlead <fairlead@example.com>`, or the address alone. */
function senderOf(text: string): MailSettings['from'] {
  const [, name = '', address = text.trim()] = /^([^<>]*)<([^<>]+)>$/.exec(text.trim()) ?? []
  if (z.email().safeParse(address).success) return { name: name.trim().replaceAll(/^"|"$/g, '') || 'Fairlead', address }
  throw new AppError('config', `FAIRLEAD_MAIL_FROM is ${JSON.stringify(text)}, and no address.`, {
    help: 'For example `Fairlead <fairlead@example.com>`.',
  })
}
