-- why: people with accounts, what they may do in which organization, what they were invited to, and a log of who changed what.
-- `email` is trimmed and in lower case. `password_hash` is null for an account that cannot sign in with a password.
create table if not exists users (
  id uuid primary key,
  email text not null unique,
  full_name text not null,
  password_hash text,
  is_superuser boolean not null default false,
  created_at timestamptz not null,
  last_signin_at timestamptz,
  disabled_at timestamptz
)
--next
create table if not exists memberships (
  org_id uuid not null references organizations (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  created_at timestamptz not null,
  primary key (org_id, user_id)
)
--next
create index if not exists memberships_user_id on memberships (user_id)
--next
-- Who made the token; it ends with them, and can never do more than they may. Null: made by the process or before there were accounts.
alter table api_tokens add column if not exists user_id uuid references users (id) on delete cascade
--next
alter table sessions add column if not exists user_id uuid references users (id) on delete cascade
--next
-- The token that opened it; it ends with that token.
alter table sessions add column if not exists token_id uuid references api_tokens (id) on delete cascade
--next
-- What a list shows and a revocation names: `id` is a hash of what signs in.
alter table sessions add column if not exists public_id uuid
--next
alter table sessions add column if not exists address text
--next
alter table sessions add column if not exists agent text
--next
create index if not exists sessions_user_id on sessions (user_id)
--next
-- One-time links: `hash` is SHA-256 of the code in the link.
create table if not exists invitations (
  id uuid primary key,
  hash text not null unique,
  org_id uuid not null references organizations (id) on delete cascade,
  email text not null,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  invited_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz
)
--next
create index if not exists invitations_org_id on invitations (org_id)
--next
create table if not exists password_resets (
  hash text primary key,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
)
--next
-- Failed sign-ins by subject: a hash of an e-mail, known or not, or of an address. A row that has rested for a day begins anew.
create table if not exists signin_failures (
  subject text primary key,
  failures integer not null,
  last_at timestamptz not null,
  locked_until timestamptz
)
--next
-- Who did what, from where, and what stood there before and after. No reference to what may be removed: the log outlives it.
create table if not exists audit_log (
  id uuid primary key,
  org_id uuid,
  at timestamptz not null,
  actor_type text not null,
  actor_id text,
  actor_name text not null,
  action text not null,
  target_type text not null,
  target_id text not null,
  target_name text,
  before jsonb,
  after jsonb,
  address text,
  agent text
)
--next
create index if not exists audit_log_org_id_at on audit_log (org_id, at desc, id desc)
--next
create or replace function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end
$$
--next
create or replace trigger audit_log_append_only before update or delete on audit_log for each row execute function refuse_audit_change()
