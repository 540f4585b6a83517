/** Why one stands before the sign-in page again; the server puts the key into the address. */
export const SIGNIN_REASONS: Readonly<Record<string, string>> = {
  stale: 'This sign-in link has been used or has expired. Restart `fairlead up` for a new one, or come in another way.',
  'sso-away': 'The single sign-on does not answer. Try again in a while, or come in another way; the log of the server says what failed.',
  'sso-stale': 'This sign-in took longer than ten minutes, was used already, or began in another browser. Begin again.',
  'sso-cancelled': 'The single sign-on did not let you in: it was cancelled there, or you have no access to Fairlead there.',
  'sso-failed': 'What the single sign-on answered did not hold. Begin again; if it stays so, the log of the server says why.',
  'sso-unverified':
    'The single sign-on does not say that your e-mail address is verified, so nobody knows whose account is yours. Verify it there, or ask for an invitation.',
  'sso-unknown': 'You have no account here. Ask an administrator for an invitation.',
  'sso-disabled': 'Your account is disabled. An administrator can enable it.',
  'sso-other-identity':
    'The account with your e-mail address belongs to another person of the single sign-on. An administrator can part the two: `fairlead admin users unlink`.',
  'sso-invitation': 'The invitation was used, has ended, or is to another e-mail address than yours. Ask for another.',
}

export function reasonOf(key: string | null): string | null {
  return key !== null && Object.hasOwn(SIGNIN_REASONS, key) ? (SIGNIN_REASONS[key] ?? null) : null
}
