-- Generated: the schema that all migrations make, in one file however long.

create table api_tokens (
  allowed_path text,
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
  secret_id uuid,
  user_id uuid,
  constraint api_tokens_hash_key unique (hash),
  constraint api_tokens_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint api_tokens_pkey primary key (id),
  constraint api_tokens_secret_id_fkey FOREIGN KEY (secret_id) REFERENCES emitter_key_secrets(id) ON DELETE SET NULL,
  constraint api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table audit_log (
  action text not null,
  actor_id text,
  actor_name text not null,
  actor_type text not null,
  address text,
  after jsonb,
  agent text,
  at timestamp with time zone not null,
  before jsonb,
  id uuid not null,
  org_id uuid,
  target_id text not null,
  target_name text,
  target_type text not null,
  constraint audit_log_pkey primary key (id)
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

create table emitter_key_secrets (
  created_at timestamp with time zone not null,
  id uuid not null,
  org_id uuid not null,
  sealed text not null,
  constraint emitter_key_secrets_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint emitter_key_secrets_pkey primary key (id)
);

create table identity_mappings (
  display text,
  first_seen timestamp with time zone,
  kind text not null,
  last_seen timestamp with time zone,
  merged_from uuid[] not null default '{}'::uuid[],
  org_id uuid not null,
  origin text not null,
  person_id uuid not null,
  provider text not null,
  value text not null,
  constraint identity_mappings_kind_check CHECK (kind = ANY (ARRAY['email'::text, 'login'::text, 'name'::text])),
  constraint identity_mappings_org_id_person_id_fkey FOREIGN KEY (org_id, person_id) REFERENCES people(org_id, id) ON DELETE CASCADE,
  constraint identity_mappings_origin_check CHECK (origin = ANY (ARRAY['seen'::text, 'mailmap'::text, 'hand'::text])),
  constraint identity_mappings_pkey primary key (org_id, kind, provider, value)
);

create table integration_credentials (
  created_at timestamp with time zone not null,
  field text not null,
  id uuid not null,
  org_id uuid not null,
  sealed text not null,
  source_id uuid not null,
  updated_at timestamp with time zone not null,
  constraint integration_credentials_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint integration_credentials_pkey primary key (id),
  constraint integration_credentials_source_id_field_key unique (source_id, field),
  constraint integration_credentials_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id) ON DELETE CASCADE
);

create table invitations (
  accepted_at timestamp with time zone,
  created_at timestamp with time zone not null,
  email text not null,
  expires_at timestamp with time zone not null,
  hash text not null,
  id uuid not null,
  invited_by text not null,
  org_id uuid not null,
  revoked_at timestamp with time zone,
  role text not null,
  constraint invitations_hash_key unique (hash),
  constraint invitations_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint invitations_pkey primary key (id),
  constraint invitations_role_check CHECK (role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text]))
);

create table memberships (
  created_at timestamp with time zone not null,
  org_id uuid not null,
  role text not null,
  user_id uuid not null,
  constraint memberships_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint memberships_pkey primary key (org_id, user_id),
  constraint memberships_role_check CHECK (role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])),
  constraint memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
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

create table oidc_attempts (
  browser_hash text not null,
  expires_at timestamp with time zone not null,
  goes_to text not null,
  invitation_hash text,
  nonce text not null,
  state_hash text not null,
  verifier text not null,
  constraint oidc_attempts_pkey primary key (state_hash)
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

create table password_resets (
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  hash text not null,
  used_at timestamp with time zone,
  user_id uuid not null,
  constraint password_resets_pkey primary key (hash),
  constraint password_resets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table people (
  bot_origin text not null,
  created_at timestamp with time zone not null,
  id uuid not null,
  is_bot boolean not null,
  merged_at timestamp with time zone,
  merged_into uuid,
  name text not null,
  name_origin text not null,
  org_id uuid not null,
  constraint people_bot_origin_check CHECK (bot_origin = ANY (ARRAY['seen'::text, 'hand'::text])),
  constraint people_name_origin_check CHECK (name_origin = ANY (ARRAY['made'::text, 'seen'::text, 'hand'::text])),
  constraint people_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint people_pkey primary key (org_id, id)
);

create table people_sets (
  org_id uuid not null,
  seq bigint not null,
  whole_at timestamp with time zone,
  constraint people_sets_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint people_sets_pkey primary key (org_id)
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
  address text,
  agent text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  id text not null,
  last_seen_at timestamp with time zone not null,
  org_id uuid not null,
  public_id uuid,
  scopes text[] not null,
  token_id uuid,
  user_id uuid,
  constraint sessions_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint sessions_pkey primary key (id),
  constraint sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES api_tokens(id) ON DELETE CASCADE,
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
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

create table signin_failures (
  failures integer not null,
  last_at timestamp with time zone not null,
  locked_until timestamp with time zone,
  subject text not null,
  constraint signin_failures_pkey primary key (subject)
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

create table suggestion_dismissals (
  dismissed_at timestamp with time zone not null,
  id text not null,
  org_id uuid not null,
  constraint suggestion_dismissals_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations(id) ON DELETE CASCADE,
  constraint suggestion_dismissals_pkey primary key (org_id, id)
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

create table team_members (
  created_at timestamp with time zone not null,
  id uuid not null,
  org_id uuid not null,
  origin text not null,
  person_id uuid not null,
  role text,
  source text,
  team text not null,
  valid_from timestamp with time zone,
  valid_to timestamp with time zone,
  constraint team_members_check CHECK (valid_from IS NULL OR valid_to IS NULL OR valid_from < valid_to),
  constraint team_members_org_id_person_id_fkey FOREIGN KEY (org_id, person_id) REFERENCES people(org_id, id) ON DELETE CASCADE,
  constraint team_members_org_id_team_fkey FOREIGN KEY (org_id, team) REFERENCES teams(org_id, slug) ON DELETE CASCADE,
  constraint team_members_origin_check CHECK (origin = ANY (ARRAY['hand'::text, 'file'::text, 'provider'::text])),
  constraint team_members_pkey primary key (id)
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

create table user_identities (
  created_at timestamp with time zone not null,
  issuer text not null,
  subject text not null,
  user_id uuid not null,
  constraint user_identities_pkey primary key (issuer, subject),
  constraint user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_identities_user_id_issuer_key unique (user_id, issuer)
);

create table users (
  created_at timestamp with time zone not null,
  disabled_at timestamp with time zone,
  email text not null,
  full_name text not null,
  id uuid not null,
  is_superuser boolean not null default false,
  last_signin_at timestamp with time zone,
  password_hash text,
  constraint users_email_key unique (email),
  constraint users_pkey primary key (id)
);

create index api_tokens_org_id on api_tokens (org_id);

create index audit_log_org_id_at on audit_log (org_id, at, id);

create index emitter_key_secrets_org_id on emitter_key_secrets (org_id);

create index identity_mappings_person on identity_mappings (org_id, person_id);

create index invitations_org_id on invitations (org_id);

create index memberships_user_id on memberships (user_id);

create index oidc_attempts_expires_at on oidc_attempts (expires_at);

create index people_merged_into on people (org_id, merged_into) where merged_into IS NOT NULL;

create index sessions_expires_at on sessions (expires_at);

create index sessions_user_id on sessions (user_id);

create index settings_history_org_id on settings_history (org_id, at, id);

create index team_members_person on team_members (org_id, person_id);

create index team_members_team on team_members (org_id, team);

create view sync_configurations as
 SELECT id,
    org_id,
    id AS source_id,
    name,
    connector AS provider,
    config,
    every_minutes,
    every_minutes IS DISTINCT FROM 0 AS is_active,
    cursors,
    last_attempt_at AS last_sync_at,
    last_success_at AS last_sync_success_at,
    last_error AS last_sync_error,
    created_at
   FROM sources;
