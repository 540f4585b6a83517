import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { email, groupSeen, identityOf, isBotName, keyOf, login, loginBehind, named, nameOf, type SeenIdentity } from './person.ts'

const seen = (identity: ReturnType<typeof email>, more: Partial<SeenIdentity> = {}): SeenIdentity => ({
  ...identity,
  display: null,
  first_seen: '2026-01-01T00:00:00.000Z',
  last_seen: '2026-01-01T00:00:00.000Z',
  is_bot: false,
  ...more,
})

test.each([
  ['123+Octocat@users.noreply.github.com', 'github', 'octocat'],
  ['octocat@users.noreply.github.com', 'github', 'octocat'],
  ['49699333+dependabot[bot]@users.noreply.github.com', 'github', 'dependabot[bot]'],
  ['42-ada.l@users.noreply.gitlab.com', 'gitlab', 'ada.l'],
])('%s names the account %s %s', (address, provider, value) => {
  expect(loginBehind(address)).toEqual({ kind: 'login', provider, value })
})

test.each([
  'ada@example.org',
  'noreply@github.com',
  'ada@users.noreply.example.com',
  'ada@users.noreply.gitlab.com',
  'a+b+c@users.noreply.github.com',
])('%s names none', (address) => expect(loginBehind(address)).toBeNull())

test('what a tool calls somebody is an e-mail, a login or a name', () => {
  expect(identityOf('github', 'Ada')).toEqual({ kind: 'login', provider: 'github', value: 'ada' })
  expect(identityOf('jenkins', 'Ada')).toEqual({ kind: 'login', provider: 'jenkins', value: 'Ada' })
  expect(identityOf('jira', 'Ada Lovelace')).toEqual({ kind: 'login', provider: 'jira', value: 'Ada Lovelace' })
  expect(identityOf('github', 'Ada  Lovelace')).toEqual({ kind: 'name', provider: '', value: 'Ada Lovelace' })
  expect(identityOf('git', 'Ada')).toEqual({ kind: 'name', provider: '', value: 'Ada' })
  expect(identityOf('events', ' Ada@Example.org ')).toEqual({ kind: 'email', provider: '', value: 'ada@example.org' })
  expect(identityOf('events', ' \u0000 ')).toBeNull()
})

test.each([
  [login('github', 'renovate[bot]'), null],
  [login('github', 'dependabot'), null],
  [login('gitlab', 'project_42_bot_9af'), null],
  [email('41898282+github-actions[bot]@users.noreply.github.com'), null],
  [email('noreply@github.com'), 'GitHub'],
  [email('project_7_bot@noreply.gitlab.com'), null],
  [email('ci@example.org'), 'semantic-release-bot'],
])('%o is a program', (identity, display) => expect(isBotName(identity, display)).toBe(true))

test.each([
  [login('github', 'robot'), 'Robot Roberts'],
  [login('github', 'abbott'), null],
  [email('jenkins.smith@example.org'), 'Sam Jenkins-Smith'],
])('%o is none', (identity, display) => expect(isBotName(identity, display)).toBe(false))

describe('grouping', () => {
  test('an address that names its account is one with it; the same name is not', () => {
    const groups = groupSeen(
      [
        seen(email('1+ada@users.noreply.github.com'), { display: 'Ada' }),
        seen(email('ada@example.org'), { display: 'Ada' }),
        seen(login('github', 'Ada')),
      ],
      new Map(),
    )
    expect(groups.map((one) => one.identities.map((each) => each.value))).toEqual([
      ['1+ada@users.noreply.github.com', 'ada'],
      ['ada@example.org'],
    ])
  })

  test('what is known stays where it is, and a new identity comes to whom its account is of', () => {
    const [mail, account] = [email('1+ada@users.noreply.github.com'), login('github', 'ada')]
    const of = (standing: [ReturnType<typeof email>, string][]) =>
      groupSeen([seen(mail)], new Map(standing.map(([identity, person]) => [keyOf(identity), person]))).map((one) => [
        one.person,
        one.identities.map((each) => each.kind),
      ])
    expect(of([[account, 'p']])).toEqual([['p', ['email', 'login']]])
    expect(of([[mail, 'p']])).toEqual([['p', ['email', 'login']]])
    // Somebody split them.
    expect(
      of([
        [mail, 'p'],
        [account, 'q'],
      ]),
    ).toEqual([
      ['p', ['email']],
      ['q', ['login']],
    ])
  })

  const one = fc.oneof(
    fc.constantFrom('a@x.org', '1+a@users.noreply.github.com', 'a@users.noreply.github.com', '2+b@users.noreply.github.com').map(email),
    fc.constantFrom('a', 'b').map((text) => login('github', text)),
    fc.constantFrom('A', 'B').map(named),
  )
  test('it is a partition, whatever is known; and telling it again adds nobody', () => {
    fc.assert(
      fc.property(fc.array(one), fc.array(fc.tuple(one, fc.constantFrom('p', 'q'))), (identities, known) => {
        const standing = new Map(known.map(([identity, person]) => [keyOf(identity), person]))
        const groups = groupSeen(
          identities.map((each) => seen(each)),
          standing,
        )
        const keys = groups.flatMap((group) => group.identities.map(keyOf))
        expect(new Set(keys).size).toBe(keys.length)
        for (const each of identities) expect(keys).toContain(keyOf(each))
        for (const { person, identities: own } of groups)
          for (const each of own) if (standing.has(keyOf(each))) expect(standing.get(keyOf(each))).toBe(person)
        const after = new Map<string, string>(standing)
        groups.forEach(({ person, identities: own }, index) => own.forEach((each) => after.set(keyOf(each), person ?? `new ${index}`)))
        const again = groupSeen(
          identities.map((each) => seen(each)),
          after,
        )
        expect(again.filter((group) => group.person === null)).toEqual([])
      }),
    )
  })
})

test('a person is called by the name seen last, else by a login, else by the part in front of the @', () => {
  const mail = seen(email('ada@example.org'))
  expect(nameOf([mail])).toEqual({ name: 'ada', isSeen: false })
  expect(nameOf([mail, seen(login('github', 'adal'))])).toEqual({ name: 'adal', isSeen: false })
  expect(
    nameOf([
      seen(email('a@x.org'), { display: 'Ada King', last_seen: '2026-02-01T00:00:00.000Z' }),
      seen(email('b@x.org'), { display: 'Ada Lovelace' }),
    ]),
  ).toEqual({ name: 'Ada King', isSeen: true })
})
