import type { Services } from './services.ts'

/** A link for people: under the address that is set, else under the one that the request came to. */
export function linkTo({ publicUrl }: Pick<Services, 'publicUrl'>, request: Request, path: string): string {
  const link = new URL(path, publicUrl ?? request.url)
  // Behind a proxy with TLS the request itself came without.
  if (publicUrl === null && request.headers.get('x-forwarded-proto') === 'https') link.protocol = 'https:'
  return link.href
}
