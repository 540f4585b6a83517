import type { SignInOptions } from '../api/contract.ts'

/** The way to each provider: a link, because the whole browser goes there and comes back. */
export function SsoLinks({
  providers,
  query,
}: {
  readonly providers: SignInOptions['oidc']
  readonly query: Readonly<Record<string, string>>
}) {
  return providers.map(({ id, title }) => (
    <a key={id} className="button button-main" href={`/v1/signin/oidc/${encodeURIComponent(id)}?${new URLSearchParams(query)}`}>
      {title}
    </a>
  ))
}
