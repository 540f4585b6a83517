-- why: who people are, under which e-mails, logins and names they appear, and from when to when they belong to which team.

-- `name_origin` and `bot_origin` say who said so: what a person said is not overwritten by what is seen. Somebody who was merged keeps the row, and `merged_into` says who they are.
create table if not exists people (
  org_id uuid not null references organizations (id) on delete cascade,
  id uuid not null,
  name text not null,
  name_origin text not null check (name_origin in ('made', 'seen', 'hand')),
  is_bot boolean not null,
  bot_origin text not null check (bot_origin in ('seen', 'hand')),
  created_at timestamptz not null,
  merged_into uuid,
  merged_at timestamptz,
  primary key (org_id, id)
)
--next
create index if not exists people_merged_into on people (org_id, merged_into) where merged_into is not null
--next
-- An identity is of one person: that is the primary key. `display` is the name last seen beside it; `merged_from` the people whom it belonged to before merges, the last one last.
create table if not exists identity_mappings (
  org_id uuid not null,
  kind text not null check (kind in ('email', 'login', 'name')),
  provider text not null,
  value text not null,
  person_id uuid not null,
  origin text not null check (origin in ('seen', 'mailmap', 'hand')),
  display text,
  first_seen timestamptz,
  last_seen timestamptz,
  merged_from uuid[] not null default '{}',
  primary key (org_id, kind, provider, value),
  foreign key (org_id, person_id) references people (org_id, id) on delete cascade
)
--next
create index if not exists identity_mappings_person on identity_mappings (org_id, person_id)
--next
-- How far the log has been read for identities, and when it was read as a whole. Changes of an organization's people wait for each other at this row.
create table if not exists people_sets (
  org_id uuid primary key references organizations (id) on delete cascade,
  seq bigint not null,
  whole_at timestamptz
)
--next
create table if not exists suggestion_dismissals (
  org_id uuid not null references organizations (id) on delete cascade,
  id text not null,
  dismissed_at timestamptz not null,
  primary key (org_id, id)
)
--next
-- From `valid_from` (null: ever since) up to and without `valid_to` (null: still). Intervals of one person in one team do not overlap: the service sees to it, since an exclusion constraint is not to be had on YugabyteDB.
create table if not exists team_members (
  id uuid primary key,
  org_id uuid not null,
  team text not null,
  person_id uuid not null,
  role text,
  valid_from timestamptz,
  valid_to timestamptz,
  origin text not null check (origin in ('hand', 'file', 'provider')),
  source text,
  created_at timestamptz not null,
  check (valid_from is null or valid_to is null or valid_from < valid_to),
  foreign key (org_id, team) references teams (org_id, slug) on delete cascade,
  foreign key (org_id, person_id) references people (org_id, id) on delete cascade
)
--next
create index if not exists team_members_person on team_members (org_id, person_id)
--next
create index if not exists team_members_team on team_members (org_id, team)
