-- why: which teams there are, and which repositories and services each of them owns.

create table if not exists teams (
  org_id uuid not null references organizations (id) on delete cascade,
  slug text not null,
  name text not null,
  description text,
  parent text,
  origin text not null,
  source text,
  created_at timestamptz not null,
  primary key (org_id, slug)
)
--next
-- `pattern` is a name or a glob; of two that fit, domain/ownership.ts says which counts.
create table if not exists team_mappings (
  id uuid primary key,
  org_id uuid not null,
  team text not null,
  kind text not null,
  pattern text not null,
  precedence integer not null default 0,
  origin text not null,
  created_at timestamptz not null,
  unique (org_id, team, kind, pattern),
  foreign key (org_id, team) references teams (org_id, slug) on delete cascade
)
--next
-- Counts the changes of an organization's teams: the analytics store holds its copy under the same number, or it is behind.
create table if not exists team_sets (
  org_id uuid primary key references organizations (id) on delete cascade,
  version bigint not null
)
