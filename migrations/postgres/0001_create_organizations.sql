-- why: who the data belongs to, how programs and browsers prove who they are, and which tools are connected.

create table if not exists organizations (
  id uuid primary key,
  slug text not null unique,
  name text not null,
  time_zone text not null default 'UTC',
  created_at timestamptz not null
)
--next
-- `hash` is SHA-256 of the token in hexadecimal; the token itself is shown once and kept nowhere. `prefix` is its beginning, for lists.
create table if not exists api_tokens (
  id uuid primary key,
  org_id uuid not null references organizations (id) on delete cascade,
  name text not null,
  prefix text not null,
  hash text not null unique,
  scopes text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
)
--next
create index if not exists api_tokens_org_id on api_tokens (org_id)
--next
-- `id` is a hash of what the cookie holds, so that a copy of this table signs nobody in.
create table if not exists sessions (
  id text primary key,
  org_id uuid not null references organizations (id) on delete cascade,
  scopes text[] not null,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null
)
--next
create index if not exists sessions_expires_at on sessions (expires_at)
--next
create table if not exists signin_links (
  hash text primary key,
  org_id uuid not null references organizations (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
)
--next
-- `cursors` has one entry per stream: everything before it is stored.
create table if not exists sources (
  id uuid primary key,
  org_id uuid not null references organizations (id) on delete cascade,
  name text not null,
  connector text not null,
  config jsonb not null default '{}',
  cursors jsonb not null default '{}',
  created_at timestamptz not null,
  last_success_at timestamptz,
  last_error text,
  unique (org_id, name)
)
--next
create table if not exists settings (
  org_id uuid not null references organizations (id) on delete cascade,
  key text not null,
  value jsonb not null,
  updated_at timestamptz not null,
  primary key (org_id, key)
)
