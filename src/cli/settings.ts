import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { connect, posting, type Client } from './client.ts'
import { print, printJson, table } from './output.ts'

interface Item {
  readonly key: string
  readonly description: string
  readonly value: unknown
  readonly default: unknown
  readonly is_default: boolean
}

interface Change {
  readonly key: string
  readonly at: string
  readonly by: string
  readonly before: unknown
  readonly after: unknown
}

const ACTIONS = ['list', 'get', 'set', 'unset', 'history']

/** The settings of the organization, and who changed them. */
export async function run(config: Config, action: string, words: readonly string[], options: { json?: boolean }): Promise<void> {
  const [key, value] = words
  const usage = (help: string) => new AppError('usage', `settings ${[action, ...words].join(' ')} is not known.`, { help })
  if (!ACTIONS.includes(action)) throw usage(`Known: ${ACTIONS.join(', ')}.`)
  const wanted = { list: 0, get: 1, unset: 1, set: 2, history: key === undefined ? 0 : 1 }[action]
  if (words.length !== wanted) throw usage('fairlead settings set level_min_samples 10')
  const client = await connect(config)
  try {
    if (action === 'history') return await printHistory(client, key, options.json === true)
    if (action === 'list') return await printList(client, options.json === true)
    const item = action === 'get' ? await find(client, key as string) : await change(client, key as string, value)
    if (options.json) return printJson(item)
    print(`${item.key} is ${JSON.stringify(item.value)}${item.is_default ? ', the default' : ''}.`)
  } finally {
    await client.close()
  }
}

const all = async (client: Client): Promise<Item[]> => (await client.json<{ items: Item[] }>('/v1/settings')).items

async function find(client: Client, key: string): Promise<Item> {
  const items = await all(client)
  const item = items.find((one) => one.key === key)
  if (item !== undefined) return item
  throw new AppError('not-found', `There is no setting ${key}.`, { help: `Known: ${items.map((one) => one.key).join(', ')}.` })
}

/** A word is what the setting's default is: a number where that is one. */
async function change(client: Client, key: string, word: string | undefined): Promise<Item> {
  const { default: fallback } = await find(client, key)
  const value =
    word === undefined ? null : typeof fallback === 'number' && word.trim() !== '' && !Number.isNaN(Number(word)) ? Number(word) : word
  return client.json<Item>('/v1/settings', posting({ key, value }))
}

async function printList(client: Client, json: boolean): Promise<void> {
  const items = await all(client)
  if (json) return printJson({ items, next: null })
  print(
    table(
      ['setting', 'value', 'default', 'what it does'],
      items.map((one) => [one.key, JSON.stringify(one.value), JSON.stringify(one.default), one.description]),
    ),
  )
}

async function printHistory(client: Client, key: string | undefined, json: boolean): Promise<void> {
  const query = key === undefined ? '' : `?key=${encodeURIComponent(key)}`
  const reply = await client.json<{ items: Change[]; next: string | null }>(`/v1/settings/history${query}`)
  if (json) return printJson(reply)
  if (reply.items.length === 0) return print('Nothing has been changed.')
  const said = (value: unknown) => (value === null ? 'the default' : JSON.stringify(value))
  print(
    table(
      ['at', 'by', 'setting', 'before', 'after'],
      reply.items.map((one) => [one.at, one.by, one.key, said(one.before), said(one.after)]),
    ),
  )
}
