import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { link, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, systemCode } from '../errors.ts'
import { Secret } from '../secret.ts'
import { directoryError, replaceFile, writeBeside } from '../store/disk.ts'

/**
 * Seals credentials: AES-256-GCM under a data key of their own, which the root key seals in turn, so that a new root key rewrites the small part only.
 * `place` says where the credential belongs (organization, source, field) and is part of what is authenticated: sealed text that is copied to
 * another row does not open.
 */
export interface Vault {
  seal(text: string, place: string): string
  open(sealed: string, place: string): Secret
  /** How many keys open: two while keys are rotated. */
  countKeys(): number
  /** Whether the key that seals now is the one that sealed this. */
  isCurrent(sealed: string): boolean
  /** The same credential under the key that seals now. */
  reseal(sealed: string, place: string): string
  /**
   * Makes a new key and seals with it from here on; both keys open until `endRotation`. One that was begun and interrupted goes on with its key.
   * Throws where the key is given by the environment and the old one is not.
   */
  beginRotation(): Promise<void>
  /** Forgets the old key, after everything was sealed anew. */
  endRotation(): Promise<void>
}

const VERSION = 'v1'
const FILE = 'secret.key'
const NONCE = 12
const TAG = 16

interface Root {
  readonly id: string
  readonly key: Buffer
}

function rootOf(secret: string): Root {
  const key = Buffer.from(hkdfSync('sha256', secret, 'fairlead', 'credentials', 32))
  return { key, id: createHash('sha256').update(key).digest('hex').slice(0, 8) }
}

/**
 * The root key: FAIRLEAD_SECRET_KEY, else a file of the data directory that is made at the first start, readable by its user only. The file has one
 * key a line, the one that seals first; a second line is there while keys are rotated.
 */
export async function openVault(directory: string, given: Secret | null, older: Secret | null = null): Promise<Vault> {
  const path = join(directory, FILE)
  if (given === null) {
    let secrets = await keysIn(path)
    return vaultOver(secrets.map(rootOf), {
      async begin() {
        if (secrets.length === 1) secrets = await writeKeys(path, [newKey(), ...secrets])
        return secrets.map(rootOf)
      },
      async end() {
        secrets = await writeKeys(path, secrets.slice(0, 1))
        return secrets.map(rootOf)
      },
    })
  }
  const secrets = older === null ? [given.reveal()] : [given.reveal(), older.reveal()]
  return vaultOver(secrets.map(rootOf), {
    async begin() {
      if (secrets.length === 1)
        throw new AppError('config', 'The key is given by FAIRLEAD_SECRET_KEY, and a new one is for you to make.', {
          help: 'Start the server with the new key in FAIRLEAD_SECRET_KEY and the present one in FAIRLEAD_SECRET_KEY_OLD, rotate, and start it without the old one.',
        })
      return secrets.map(rootOf)
    },
    // The environment forgets it when the server is started without it.
    end: async () => secrets.map(rootOf),
  })
}

/** For one key that stays. */
export function vaultOf(root: Secret): Vault {
  const roots = [rootOf(root.reveal())]
  return vaultOver(roots, { begin: async () => roots, end: async () => roots })
}

function vaultOver(first: readonly Root[], rotation: { begin(): Promise<readonly Root[]>; end(): Promise<readonly Root[]> }): Vault {
  let roots = first
  const current = () => roots[0] as Root
  const wrapped = (root: Root, dataKey: Buffer, place: string) => encrypt(root.key, dataKey, `${VERSION} ${root.id} ${place} key`)
  const parts = (sealed: string) => {
    const [version, id, key = '', content = ''] = sealed.split('.')
    const root = version === VERSION ? roots.find((one) => one.id === id) : undefined
    if (root === undefined) throw otherKey()
    return { root, key: Buffer.from(key, 'base64url'), content: Buffer.from(content, 'base64url') }
  }
  const dataKeyOf = (sealed: string, place: string): { dataKey: Buffer; content: Buffer } => {
    const { root, key, content } = parts(sealed)
    return { dataKey: decrypt(root.key, key, `${VERSION} ${root.id} ${place} key`), content }
  }
  const text = (key: Buffer, content: Buffer) => [VERSION, current().id, key.toString('base64url'), content.toString('base64url')].join('.')
  return {
    seal(plain, place) {
      const dataKey = randomBytes(32)
      return text(wrapped(current(), dataKey, place), encrypt(dataKey, Buffer.from(plain, 'utf8'), `${VERSION} ${place}`))
    },
    open(sealed, place) {
      return opened(() => {
        const { dataKey, content } = dataKeyOf(sealed, place)
        return new Secret(decrypt(dataKey, content, `${VERSION} ${place}`).toString('utf8'))
      })
    },
    countKeys: () => roots.length,
    isCurrent: (sealed) => sealed.split('.')[1] === current().id,
    reseal(sealed, place) {
      return opened(() => {
        const { dataKey, content } = dataKeyOf(sealed, place)
        // Opened whole, so that nothing is carried over that could not be read.
        decrypt(dataKey, content, `${VERSION} ${place}`)
        return text(wrapped(current(), dataKey, place), content)
      })
    },
    async beginRotation() {
      roots = await rotation.begin()
    },
    async endRotation() {
      roots = await rotation.end()
    },
  }
}

function opened<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('config', 'A stored credential cannot be opened: it was changed, or copied from another place.', {
      help: 'Give the source its credential again.',
      cause,
    })
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

function newKey(): string {
  return randomBytes(32).toString('base64url')
}

/** The keys of the file; the first start makes it. */
async function keysIn(path: string): Promise<string[]> {
  const kept = await read(path)
  if (kept !== null) return kept
  const made = await writeBeside(path, linesOf([newKey()]))
  // A link fails where the file exists: of several first starts one makes the key, and all use it.
  await link(made, path).catch((thrown: unknown) => {
    if (systemCode(thrown) !== 'EEXIST') throw directoryError(thrown, path)
  })
  await rm(made, { force: true })
  const standing = await read(path)
  if (standing === null) throw new AppError('data-directory', `${path} cannot be read.`, { help: 'Check who owns it.' })
  return standing
}

/** On disk before anything is sealed with them. */
async function writeKeys(path: string, keys: readonly string[]): Promise<string[]> {
  await replaceFile(path, linesOf(keys))
  return [...keys]
}

function linesOf(keys: readonly string[]): string {
  return keys.map((key) => `${key}\n`).join('')
}

async function read(path: string): Promise<string[] | null> {
  try {
    const keys = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '')
    if (keys.length === 0 || keys.some((key) => key.trim().length < 32))
      throw new AppError('config', `${path} does not hold a key.`, { help: 'Put back the file, or set FAIRLEAD_SECRET_KEY.' })
    return keys.map((key) => key.trim())
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}
