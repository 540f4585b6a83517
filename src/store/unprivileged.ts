import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../errors.ts'

/** The user that PostgreSQL runs as when we are root, which PostgreSQL refuses to be. */
export interface Account {
  name: string
  uid: number
  gid: number
}

/** Null: as ourselves. For root: the owner of what is already there (a directory that a normal user made stays that user's), else nobody. */
export async function unprivilegedAccount(existing: string): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => ''))
  const owner = await stat(existing).catch(() => null)
  if (owner && owner.uid !== 0) {
    return accounts.find((each) => each.uid === owner.uid) ?? { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid }
  }
  // initdb looks its own user up by number, so the account must have a name.
  const account = accounts.find((each) => each.name === 'nobody') ?? accounts.find((each) => each.uid !== 0)
  if (account) return account
  throw new AppError('data-directory', 'The embedded PostgreSQL does not run as root, and /etc/passwd has no other user.', {
    help: 'Run Fairlead as a normal user, add the user nobody, or set POSTGRES_URI to a PostgreSQL 14 or newer.',
  })
}

export function parsePasswd(text: string): Account[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => /^\d+$/.test(fields[2] ?? '') && /^\d+$/.test(fields[3] ?? ''))
    .map((fields) => ({ name: fields[0] ?? '', uid: Number(fields[2]), gid: Number(fields[3]) }))
}

/** Whether the mode bits let the account pass through every directory on the way to `path` and into it. */
export async function isReachable(path: string, account: Account | null): Promise<boolean> {
  if (!account) return true
  for (let directory = path; ; directory = dirname(directory)) {
    const { uid, gid, mode } = await stat(directory)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (directory === dirname(directory)) return true
  }
}
