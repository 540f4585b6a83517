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

create index api_tokens_org_id on api_tokens (org_id);

create index sessions_expires_at on sessions (expires_at);

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
