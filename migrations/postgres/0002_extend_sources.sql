-- why: credentials of sources, how their pulls and their hooks go, and what an organization calls its repositories and environments.

-- One entry per credential field: its sealed text (src/source/vault.ts). Nothing that is read back by any list.
alter table sources add column if not exists secrets jsonb not null default '{}'
--next
-- Minutes between two pulls; null for the default, 0 for never by itself.
alter table sources add column if not exists every_minutes integer
--next
alter table sources add column if not exists last_attempt_at timestamptz
--next
-- Figures for people: rate budget, deliveries taken and refused. Never read for a decision that must be right.
alter table sources add column if not exists health jsonb not null default '{}'
--next
-- `kind` is repository (an old or other name → the one that counts) or environment (a name → its tier).
create table if not exists names (
  org_id uuid not null references organizations (id) on delete cascade,
  kind text not null,
  name text not null,
  canonical text not null,
  created_at timestamptz not null,
  primary key (org_id, kind, name)
)
