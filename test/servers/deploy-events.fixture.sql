CREATE TABLE IF NOT EXISTS deploy_events (
id BIGSERIAL PRIMARY KEY,
kind TEXT NOT NULL CHECK (kind IN ('deploy', 'rollback', 'incident_opened', 'incident_closed')),
service TEXT NOT NULL, -- 'api' or 'worker'
git_sha TEXT, -- short SHA of the shipped build
environment TEXT NOT NULL DEFAULT 'prod',
succeeded BOOLEAN NOT NULL DEFAULT TRUE, -- FALSE for a failed deploy attempt
commit_at TIMESTAMPTZ, -- when the change was committed (for lead time)
ref_id TEXT, -- correlates incident_opened with its close
occurred_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS idx_events_kind_time ON deploy_events (kind, occurred_at);
