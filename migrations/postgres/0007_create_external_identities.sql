-- why: people who come in by a provider of identities (OpenID Connect), and the sign-ins with one that are under way.
-- Who somebody is at the provider: `iss` and `sub`. The e-mail may change there, and may pass to somebody else, so it is not kept.
create table if not exists user_identities (
  issuer text not null,
  subject text not null,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null,
  primary key (issuer, subject),
  unique (user_id, issuer)
)
--next
-- From the way to the provider until the way back, ten minutes at most; spent by its removal. What is compared only is kept as SHA-256.
create table if not exists oidc_attempts (
  state_hash text primary key,
  browser_hash text not null,
  nonce text not null,
  verifier text not null,
  invitation_hash text,
  goes_to text not null,
  expires_at timestamptz not null
)
--next
create index if not exists oidc_attempts_expires_at on oidc_attempts (expires_at)
