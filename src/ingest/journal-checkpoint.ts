/**
 * How far the journal has been applied, and where it stood at that moment: one line of JSON and its CRC-32 in `checkpoint`.
 * `head` and `chain` let numbering and chain go on when every record is applied and its segment gone, and mark everything up
 * to `head` as acknowledged, so that damage there is never mistaken for a write that did not finish.
 */
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { systemCode } from '../errors.ts'
import { syncDirectory } from '../store/disk.ts'

export interface Checkpoint {
  applied: number
  head: number
  chain: string
}

const FILE = 'checkpoint'
const LINE = /^(\{"version":1,"applied":(\d{1,16}),"head":(\d{1,16}),"chain":"([0-9a-f]{64})"\})\n([0-9a-f]{8})\n$/

export async function readCheckpoint(directory: string): Promise<Checkpoint | 'missing' | 'damaged'> {
  let text: string
  try {
    text = await readFile(join(directory, FILE), 'latin1')
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return 'missing'
    throw thrown
  }
  const [, line, applied, head, chain, crc] = LINE.exec(text) ?? []
  if (line === undefined || chain === undefined || crc !== checksum(line)) return 'damaged'
  return { applied: Number(applied), head: Number(head), chain }
}

/** Resolves when the new checkpoint would survive a power cut; until then the old one does. */
export async function writeCheckpoint(directory: string, { applied, head, chain }: Checkpoint): Promise<void> {
  const temporary = join(directory, `${FILE}.tmp`)
  const line = JSON.stringify({ version: 1, applied, head, chain })
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${line}\n${checksum(line)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, join(directory, FILE))
  await syncDirectory(directory)
}

function checksum(line: string): string {
  return crc32(line).toString(16).padStart(8, '0')
}
