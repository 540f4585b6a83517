import { expect, test } from 'vitest'
import { SSO_REASONS } from '../../src/account/oidc.ts'
import { reasonOf, SIGNIN_REASONS } from '../../web/src/state/sign-in-reason.ts'

test('the page has a sentence for every reason that the server gives, and for no other', () => {
  expect(Object.keys(SIGNIN_REASONS).sort()).toEqual(['stale', ...SSO_REASONS].sort())
  expect(reasonOf('nonsense')).toBeNull()
  expect(reasonOf('constructor')).toBeNull()
})
