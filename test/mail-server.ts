import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly headers: ReadonlyMap<string, string>
  /** The header as it came over the wire, line by line. */
  readonly headerLines: readonly string[]
  readonly text: string
  /** Whether it came encrypted. */
  readonly secure: boolean
  readonly user: string | null
}

export interface MailServer {
  readonly port: number
  readonly received: Received[]
  /** Waits until so many have come. */
  until(count: number): Promise<Received[]>
  close(): Promise<void>
}

export const MAIL_USER = { user: 'fairlead@mail.example', pass: 'a mail password & more' }

/** A real mail server in this process: STARTTLS with a certificate that nobody vouches for, and one account. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const server = new SMTPServer({
    logger: false,
    onAuth({ username, password }, _session, done) {
      if (username === MAIL_USER.user && password === MAIL_USER.pass) done(null, { user: username })
      else done(new Error('Invalid user or password'))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          ...parse(Buffer.concat(chunks).toString('utf8')),
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        })
        for (const one of waiting) one()
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    async until(count) {
      const end = Date.now() + 10_000
      while (received.length < count) {
        if (Date.now() > end) throw new Error(`${received.length} of ${count} mails came`)
        await new Promise<void>((resolve) => {
          const done = () => {
            waiting.delete(done)
            resolve()
          }
          waiting.add(done)
          setTimeout(done, 500)
        })
      }
      return received
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function parse(raw: string): Pick<Received, 'headers' | 'headerLines' | 'text'> {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const headers = new Map(
    head
      .replaceAll(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const),
  )
  const body = rest.join('\r\n\r\n')
  return {
    headers,
    headerLines: head.split('\r\n'),
    text: headers.get('content-transfer-encoding') === 'quoted-printable' ? fromQuoted(body) : body,
  }
}

function fromQuoted(text: string): string {
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
