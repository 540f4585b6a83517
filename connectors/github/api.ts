import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { z } from 'zod'
import type { Api, Http } from '../../src/connector.ts'
import { AppError } from '../../src/errors.ts'
import { placeOf, type Config } from './config.ts'
import { time } from './payload.ts'

const grant = z.object({ token: z.string(), expires_at: time })

export function api(config: Config): Api {
  const { base, rest } = placeOf(config)
  const headers = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }
  const { app_id, installation_id, private_key, token } = config
  if (app_id === undefined || private_key === undefined)
    return { base, headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token.reveal()}` } }
  return {
    base,
    headers,
    async authorize(http: Http, now: number) {
      const seconds = Math.floor(now / 1000)
      // A minute back, since GitHub refuses what its own clock has not reached; 10 minutes are the most that it takes.
      const jwt = new SignJWT()
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(app_id)
        .setIssuedAt(seconds - 60)
        .setExpirationTime(seconds + 540)
      const signed = await jwt.sign(keyOf(private_key.reveal()))
      const asked = `${rest}/app/installations/${installation_id}/access_tokens`
      const answer = await http.post(asked, {}, { headers: { ...headers, authorization: `Bearer ${signed}` } })
      const { token: granted, expires_at } = grant.parse(answer.body)
      return { headers: { authorization: `Bearer ${granted}` }, expires_at }
    },
  }
}

/** GitHub gives the key as PKCS #1; a form may have made one line of it. */
function keyOf(pem: string) {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch (cause) {
    throw new AppError('invalid-input', 'The private key of the GitHub App cannot be read.', {
      help: 'Paste the whole .pem file that GitHub gave, from BEGIN to END.',
      cause,
    })
  }
}

/** GitHub has no permission by which such a token could read check runs. */
export const isFineGrained = ({ token, app_id }: Config) => app_id === undefined && token?.reveal().startsWith('github_pat_') === true
