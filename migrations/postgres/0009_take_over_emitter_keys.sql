-- why: keys that another tool gave to those who send to it go on working here. Such a tool keeps no key, only its HMAC under a secret of the tool.
-- `sealed` is that secret, bound to organization and row; it goes with the last key that needs it.
create table if not exists emitter_key_secrets (
  id uuid primary key,
  org_id uuid not null references organizations (id) on delete cascade,
  sealed text not null,
  created_at timestamptz not null
)
--next
create index if not exists emitter_key_secrets_org_id on emitter_key_secrets (org_id)
--next
-- A row with both is such a key, and `hash` its HMAC behind the word of the tool. It opens the doors whose path `allowed_path` (RE2) fits, and nothing else.
alter table api_tokens add column if not exists secret_id uuid references emitter_key_secrets (id) on delete set null
--next
alter table api_tokens add column if not exists allowed_path text
