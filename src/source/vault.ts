import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, systemCode } from '../errors.ts'
import { Secret } from '../secret.ts'
import { directoryError } from '../store/disk.ts'

/**
 * Seals credentials: AES-256-GCM under a data key of their own, which the root key seals in turn, so that a new root key rewrites the small part only.
 * `place` says where the credential belongs (organization, source, field) and is part of what is authenticated: sealed text that is copied to
 * another row does not open.
 */
export interface Vault {
  seal(text: string, place: string): string
  open(sealed: string, place: string): Secret
}

const VERSION = 'v1'
const FILE = 'secret.key'
const NONCE = 12
const TAG = 16

/** The root key: FAIRLEAD_SECRET_KEY, else a file of the data directory that is made at the first start, readable by its user only. */
export async function openVault(directory: string, given: Secret | null): Promise<Vault> {
  const root = given ?? new Secret(await keyFile(join(directory, FILE)))
  return vaultOf(root)
}

export function vaultOf(root: Secret): Vault {
  const key = Buffer.from(hkdfSync('sha256', root.reveal(), 'fairlead', 'credentials', 32))
  const id = createHash('sha256').update(key).digest('hex').slice(0, 8)
  return {
    seal(text, place) {
      const dataKey = randomBytes(32)
      const wrapped = encrypt(key, dataKey, `${VERSION} ${id} ${place} key`)
      const content = encrypt(dataKey, Buffer.from(text, 'utf8'), `${VERSION} ${place}`)
      return [VERSION, id, wrapped.toString('base64url'), content.toString('base64url')].join('.')
    },
    open(sealed, place) {
      const [version, keyId, wrapped = '', content = ''] = sealed.split('.')
      if (version !== VERSION || keyId !== id) throw otherKey()
      try {
        const dataKey = decrypt(key, Buffer.from(wrapped, 'base64url'), `${VERSION} ${id} ${place} key`)
        return new Secret(decrypt(dataKey, Buffer.from(content, 'base64url'), `${VERSION} ${place}`).toString('utf8'))
      } catch (cause) {
        throw new AppError('config', 'A stored credential cannot be opened: it was changed, or copied from another place.', {
          help: 'Give the source its credential again.',
          cause,
        })
      }
    },
  }
}

function otherKey(): AppError {
  return new AppError('config', 'A stored credential was sealed with another key.', {
    help: `Set FAIRLEAD_SECRET_KEY to the key that it was sealed with, or put back ${FILE} of the data directory; or give the source its credential again.`,
  })
}

function encrypt(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
  cipher.setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed.byteLength < NONCE + TAG) throw new Error('too short')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.byteLength - TAG)), decipher.final()])
}

async function keyFile(path: string): Promise<string> {
  const kept = await read(path)
  if (kept !== null) return kept
  const made = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(made, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true }).catch((thrown: unknown) => {
    throw directoryError(thrown, path)
  })
  // A link fails where the file exists: of two first starts one makes the key, and both use it.
  await link(made, path).catch((thrown: unknown) => {
    if (systemCode(thrown) !== 'EEXIST') throw directoryError(thrown, path)
  })
  await rm(made, { force: true })
  const standing = await read(path)
  if (standing === null) throw new AppError('data-directory', `${path} cannot be read.`, { help: 'Check who owns it.' })
  return standing
}

async function read(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    if (text.length < 32)
      throw new AppError('config', `${path} does not hold a key.`, { help: 'Put back the file, or set FAIRLEAD_SECRET_KEY.' })
    return text
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}
