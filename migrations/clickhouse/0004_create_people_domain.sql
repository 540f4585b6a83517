-- why: what repositories say of their authors in .mailmap, and which teams a forge has, so that people and teams can be compared with it.

-- `old_name` is empty where the entry is for an address under any name.
CREATE TABLE IF NOT EXISTS all_mailmap_entries
(
    org_id UUID,
    repository LowCardinality(String),
    old_email String,
    old_name String,
    name Nullable(String),
    email Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, old_email, old_name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
CREATE TABLE IF NOT EXISTS all_provider_teams
(
    org_id UUID,
    id String,
    name String,
    description Nullable(String),
    parent Nullable(String),
    members Array(String),
    maintainers Array(String),
    repositories Array(String),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
