/** What the tests of a file enter as a secret, or are given as one: by what they send and what they are answered. */
const CALLED = /password|token|secret|api_?key|^code$|^link$/i
/** Shorter ones are words that may stand anywhere. */
const SHORTEST = 16
const secrets = new Set<string>()

export function enteredSecrets(): ReadonlySet<string> {
  return secrets
}

function enter(text: string): void {
  // Of a link the code is what lets somebody in.
  const secret = /^https?:\S*\/(\w{16,})$/.exec(text)?.[1] ?? text
  if (secret.length >= SHORTEST) secrets.add(secret)
}

export function enterVariables(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) if (/TOKEN|SECRET|PASSWORD|KEY|HOOK/.test(name)) enter(value)
}

function collect(value: unknown, isSecret = false): void {
  if (typeof value === 'string' && isSecret) enter(value)
  if (typeof value !== 'object' || value === null) return
  for (const [name, one] of Object.entries(value)) collect(one, Array.isArray(value) ? isSecret : CALLED.test(name))
}

function collectJson(text: string): void {
  try {
    collect(JSON.parse(text))
  } catch {
    // Not JSON, so no field has a name.
  }
}

/** From here on every request of this process is looked at, and what it is answered. */
export function listen(): void {
  const send = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    if (typeof init?.body === 'string') collectJson(init.body)
    const bearer = /^Bearer (\S+)$/.exec(new Headers(init?.headers).get('authorization') ?? '')?.[1]
    if (bearer !== undefined) enter(bearer)
    const answer = await send(input, init)
    for (const cookie of answer.headers.getSetCookie()) enter(/^fairlead_\w+=([^;]+)/.exec(cookie)?.[1] ?? '')
    if (answer.headers.get('content-type')?.startsWith('application/json') === true) collectJson(await answer.clone().text())
    return answer
  }
}
