-- why: settings of an organization with their history, its own editions of the levels, and projects that name repositories and services.

-- One row per change. `before` and `after` are null where the setting stood at its default.
create table if not exists settings_history (
  id uuid primary key,
  org_id uuid not null references organizations (id) on delete cascade,
  key text not null,
  at timestamptz not null,
  by text not null,
  before jsonb,
  after jsonb
)
--next
create index if not exists settings_history_org_id on settings_history (org_id, at, id)
--next
-- An organization's own editions; those that are published stand in src/measure/levels.ts. Half-open: `min_value` belongs to the level, `max_value` does not.
create table if not exists dora_benchmarks (
  org_id uuid not null references organizations (id) on delete cascade,
  edition text not null,
  metric_name text not null,
  performance_level text not null,
  min_value double precision,
  max_value double precision,
  unit text not null,
  created_at timestamptz not null,
  primary key (org_id, edition, metric_name, performance_level)
)
--next
create table if not exists projects (
  org_id uuid not null references organizations (id) on delete cascade,
  name text not null,
  description text,
  repositories text[] not null,
  services text[] not null,
  created_at timestamptz not null,
  primary key (org_id, name)
)
--next
create table if not exists project_metric_settings (
  org_id uuid not null,
  project_name text not null,
  plugin_name text not null,
  plugin_option jsonb not null,
  enable boolean not null,
  updated_at timestamptz not null,
  primary key (org_id, project_name, plugin_name),
  foreign key (org_id, project_name) references projects (org_id, name) on delete cascade
)
