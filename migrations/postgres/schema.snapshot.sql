create table api_tokens (
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  hash text not null,
  id uuid not null,
  last_used_at timestamp with time zone,
  name text not null,
  org_id uuid not null,
  prefix text not null,
  revoked_at timestamp with time zone,
  scopes text[] not null,
  constraint api_tokens_hash_key unique (hash),
  constraint api_tokens_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint api_tokens_pkey primary key (id)
);

create table names (
  canonical text not null,
  created_at timestamp with time zone not null,
  kind text not null,
  name text not null,
  org_id uuid not null,
  constraint names_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint names_pkey primary key (org_id, kind, name)
);

create table organizations (
  created_at timestamp with time zone not null,
  id uuid not null,
  name text not null,
  slug text not null,
  time_zone text not null default 'UTC'::text,
  constraint organizations_pkey primary key (id),
  constraint organizations_slug_key unique (slug)
);

create table sessions (
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  id text not null,
  last_seen_at timestamp with time zone not null,
  org_id uuid not null,
  scopes text[] not null,
  constraint sessions_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint sessions_pkey primary key (id)
);

create table settings (
  key text not null,
  org_id uuid not null,
  updated_at timestamp with time zone not null,
  value jsonb not null,
  constraint settings_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint settings_pkey primary key (org_id, key)
);

create table signin_links (
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  hash text not null,
  org_id uuid not null,
  used_at timestamp with time zone,
  constraint signin_links_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint signin_links_pkey primary key (hash)
);

create table sources (
  config jsonb not null default '{}'::jsonb,
  connector text not null,
  created_at timestamp with time zone not null,
  cursors jsonb not null default '{}'::jsonb,
  every_minutes integer,
  health jsonb not null default '{}'::jsonb,
  id uuid not null,
  last_attempt_at timestamp with time zone,
  last_error text,
  last_success_at timestamp with time zone,
  name text not null,
  org_id uuid not null,
  secrets jsonb not null default '{}'::jsonb,
  constraint sources_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint sources_org_id_name_key unique (org_id, name),
  constraint sources_pkey primary key (id)
);

create table team_mappings (
  created_at timestamp with time zone not null,
  id uuid not null,
  kind text not null,
  org_id uuid not null,
  origin text not null,
  pattern text not null,
  precedence integer not null default 0,
  team text not null,
  constraint team_mappings_org_id_team_fkey FOREIGN KEY (org_id, team) REFERENCES teams(org_id, slug) ON DELETE CASCADE,
  constraint team_mappings_org_id_team_kind_pattern_key unique (org_id, team, kind, pattern),
  constraint team_mappings_pkey primary key (id)
);

create table team_sets (
  org_id uuid not null,
  version bigint not null,
  constraint team_sets_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint team_sets_pkey primary key (org_id)
);

create table teams (
  created_at timestamp with time zone not null,
  description text,
  name text not null,
  org_id uuid not null,
  origin text not null,
  parent text,
  slug text not null,
  source text,
  constraint teams_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint teams_pkey primary key (org_id, slug)
);

create index api_tokens_org_id on api_tokens (org_id);

create index sessions_expires_at on sessions (expires_at);
