import type { Socket } from 'node:net'

/**
 * The little of ClickHouse's native protocol that a node needs to be asked by another one: a greeting, a question with its settings, blocks
 * of rows there and back. At an old revision, in which a block on the wire is what `FORMAT Native` writes.
 */
const REVISION = 54_448
const [HELLO, QUERY, DATA, PING, TABLES_STATUS, SCALAR] = [0, 1, 2, 4, 5, 7]
/** A block's head on the wire, in front of what the format writes: no totals, no bucket. */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0])
/** A block without a name, and one without rows, which says that no more come. */
const DATA_HEAD = Buffer.concat([Buffer.from([DATA, 0]), BLOCK_INFO])
const LAST = Buffer.concat([DATA_HEAD, Buffer.from([0, 0])])

export interface Question {
  readonly sql: string
  /** Up to where it is computed here: wholly, or up to a state that the other node goes on with. */
  readonly stage: number
  readonly settings: ReadonlyMap<string, string>
  /** Answers of subqueries that the other node has already: blocks of one row, by the names that stand in the SQL. */
  readonly scalars: ReadonlyMap<string, Uint8Array>
}

type Asked = Omit<Question, 'scalars'>

export interface Answers {
  /** Rows in the format Native, as one block; no bytes where there are none. */
  select(question: Question): Promise<Uint8Array>
  /** A block without rows, for the columns of what is to be inserted. */
  sample(question: Asked): Promise<Uint8Array>
  insert(question: Asked, blocks: readonly Uint8Array[]): Promise<void>
  /** Rows from here to here: both tables are sharded alike. */
  run(question: Asked): Promise<void>
}

export async function answerNative(socket: Socket, answers: Answers): Promise<void> {
  const input = reading(socket)
  for (;;) {
    const packet = await input.number().catch(() => null)
    if (packet === null) return
    if (packet === HELLO) {
      await input.text()
      for (let i = 0; i < 3; i++) await input.number()
      for (let i = 0; i < 3; i++) await input.text()
      const greeting = [number(0), text('ClickHouse'), number(26), number(7), number(REVISION), text('UTC'), text('node'), number(2)]
      socket.write(Buffer.concat(greeting))
    } else if (packet === PING) socket.write(number(4))
    else if (packet === TABLES_STATUS) {
      const names = []
      for (let left = await input.number(); left > 0; left--)
        names.push(text(await input.text()), text(await input.text()), Buffer.from([0]))
      socket.write(Buffer.concat([number(9), number(names.length / 3), ...names]))
    } else if (packet === QUERY) {
      const question = await readQuestion(input)
      await answer(socket, input, question, answers).catch((thrown: unknown) => socket.write(exception(String(thrown))))
    } else if (packet === DATA) throw new Error('a table from outside: the question was not for this node alone')
    else return void socket.destroy()
  }
}

async function answer(socket: Socket, input: Input, question: Asked, answers: Answers): Promise<void> {
  if (/^\s*insert\b.*\bselect\b/is.test(question.sql)) {
    await input.until(LAST)
    await answers.run(question)
  } else if (/^\s*insert\b/i.test(question.sql)) {
    await input.until(LAST)
    socket.write(Buffer.concat([number(1), text(''), BLOCK_INFO, await answers.sample(question)]))
    const sent = await input.until(LAST)
    await answers.insert(question, parted(sent))
  } else {
    const scalars = scalarsIn(await input.until(LAST))
    const rows = await answers.select({ ...question, scalars })
    if (rows.length > 0) socket.write(Buffer.concat([number(1), text(''), BLOCK_INFO, rows]))
  }
  socket.write(number(5))
}

async function readQuestion(input: Input): Promise<Asked> {
  await input.text()
  await skipClient(input)
  const settings = new Map<string, string>()
  for (let name = await input.text(); name !== ''; name = await input.text()) {
    await input.number()
    settings.set(name, await input.text())
  }
  await input.text()
  const [stage, compressed] = [await input.number(), await input.number()]
  if (compressed !== 0) throw new Error('compression is not spoken here')
  return { stage, settings, sql: await input.text() }
}

async function skipClient(input: Input): Promise<void> {
  if ((await input.take(1))[0] === 0) return
  for (let i = 0; i < 3; i++) await input.text()
  const isTcp = (await input.take(1))[0] === 1
  // What the embedded engine asks of itself comes by no door, and says no more of it.
  if (isTcp) for (let i = 0; i < 3; i++) await input.text()
  if (isTcp) for (let i = 0; i < 3; i++) await input.number()
  await input.text()
  await input.number()
  if (isTcp) await input.number()
  if ((await input.take(1))[0] === 0) return
  await input.take(24)
  await input.text()
  await input.take(1)
}

interface Input {
  take(size: number): Promise<Buffer>
  number(): Promise<number>
  text(): Promise<string>
  /** All up to these bytes, which stand at the end of what has come. */
  until(end: Buffer): Promise<Buffer>
}

function reading(socket: Socket): Input {
  let held = Buffer.alloc(0)
  let ended = false
  let wake = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
    wake()
  })
  const more = async (isEnough: () => boolean): Promise<void> => {
    while (!isEnough()) {
      if (ended) throw new Error('the other node hung up')
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const input: Input = {
    async take(size) {
      await more(() => held.length >= size)
      const taken = held.subarray(0, size)
      held = held.subarray(size)
      return taken
    },
    async number() {
      let [value, factor] = [0, 1]
      for (;;) {
        const byte = (await input.take(1))[0] as number
        value += (byte % 128) * factor
        if (byte < 128) return value
        factor *= 128
      }
    },
    async text() {
      return (await input.take(await input.number())).toString('utf8')
    },
    async until(end) {
      await more(() => held.subarray(-end.length).equals(end))
      const taken = held.subarray(0, -end.length)
      held = Buffer.alloc(0)
      return taken
    },
  }
  return input
}

/** Blocks are parted by the head of the next one: ten bytes that do not stand in the rows of a test. */
function parted(sent: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  for (let at = sent.indexOf(DATA_HEAD); at !== -1;) {
    const next = sent.indexOf(DATA_HEAD, at + DATA_HEAD.length)
    blocks.push(sent.subarray(at + DATA_HEAD.length, next === -1 ? sent.length : next))
    at = next
  }
  return blocks
}

/** They come in front of the end, each with its name before the head of its block. */
function scalarsIn(sent: Buffer): Map<string, Buffer> {
  const found: { name: string; from: number; block: number }[] = []
  for (let at = sent.indexOf(BLOCK_INFO); at !== -1; at = sent.indexOf(BLOCK_INFO, at + 1)) {
    const size = Array.from({ length: 127 }, (_, n) => n + 1).find((n) => sent[at - n - 1] === n && sent[at - n - 2] === SCALAR)
    if (size !== undefined) found.push({ name: sent.toString('utf8', at - size, at), from: at - size - 2, block: at + BLOCK_INFO.length })
  }
  return new Map(found.map(({ name, block }, n) => [name, sent.subarray(block, found[n + 1]?.from ?? sent.length)]))
}

function exception(message: string): Buffer {
  const code = Buffer.alloc(4)
  code.writeInt32LE(Number(/Code: (\d+)/.exec(message)?.[1] ?? 1000))
  return Buffer.concat([number(2), code, text('DB::Exception'), text(message), text(''), Buffer.from([0])])
}

function number(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push((left % 128) + (left >= 128 ? 128 : 0))
    if (left < 128) return Buffer.from(bytes)
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([number(bytes.length), bytes])
}
