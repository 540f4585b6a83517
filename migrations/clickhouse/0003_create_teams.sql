-- why: figures by team ask who owns a service or a repository. The teams themselves stand in the semantic store; this is a copy of the whole set, under a number that grows with each change.

-- Written before the teams of the same version. `place` is the order in which rules count; `regex` is empty where the pattern is a plain name; `lineage` is the team and all above it.
CREATE TABLE IF NOT EXISTS all_team_rules
(
    org_id UUID,
    version UInt64,
    place UInt32,
    kind LowCardinality(String),
    pattern String,
    regex String,
    team String,
    lineage Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
-- A version that stands here is complete, and the highest is what counts. The row without a slug stands for a set without teams.
CREATE TABLE IF NOT EXISTS all_teams
(
    org_id UUID,
    version UInt64,
    slug String,
    name String,
    lineage Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version, slug)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
