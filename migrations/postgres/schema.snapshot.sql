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

create table dora_benchmarks (
  created_at timestamp with time zone not null,
  edition text not null,
  max_value double precision,
  metric_name text not null,
  min_value double precision,
  org_id uuid not null,
  performance_level text not null,
  unit text not null,
  constraint dora_benchmarks_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint dora_benchmarks_pkey primary key (org_id, edition, metric_name, performance_level)
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

create table project_metric_settings (
  enable boolean not null,
  org_id uuid not null,
  plugin_name text not null,
  plugin_option jsonb not null,
  project_name text not null,
  updated_at timestamp with time zone not null,
  constraint project_metric_settings_org_id_project_name_fkey FOREIGN KEY (org_id, project_name) REFERENCES projects(org_id, name) ON DELETE CASCADE,
  constraint project_metric_settings_pkey primary key (org_id, project_name, plugin_name)
);

create table projects (
  created_at timestamp with time zone not null,
  description text,
  name text not null,
  org_id uuid not null,
  repositories text[] not null,
  services text[] not null,
  constraint projects_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint projects_pkey primary key (org_id, name)
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

create table settings_history (
  after jsonb,
  at timestamp with time zone not null,
  before jsonb,
  by text not null,
  id uuid not null,
  key text not null,
  org_id uuid not null,
  constraint settings_history_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint settings_history_pkey primary key (id)
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

create index api_tokens_org_id on api_tokens (org_id);

create index sessions_expires_at on sessions (expires_at);

create index settings_history_org_id on settings_history (org_id, at, id);
