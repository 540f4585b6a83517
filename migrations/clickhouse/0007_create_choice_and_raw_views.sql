-- why: the rest of the reference schema by its names: what an organization has chosen, which stands in the semantic store, and what the tools said, word for word.

-- Copies of what stands in the semantic store, each a whole set under a number that grows; written before the row in `all_choices` that says it is complete.
CREATE TABLE IF NOT EXISTS all_project_metric_settings
(
    org_id UUID,
    version UInt64,
    project_name String,
    plugin_name String,
    plugin_option String,
    enable UInt8,
    created_at Nullable(DateTime64(3, 'UTC')),
    updated_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version, project_name, plugin_name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
CREATE TABLE IF NOT EXISTS all_dora_benchmarks
(
    org_id UUID,
    version UInt64,
    metric_name String,
    performance_level String,
    min_value Nullable(Decimal(10, 2)),
    max_value Nullable(Decimal(10, 2)),
    unit String,
    description String,
    created_at Nullable(DateTime64(3, 'UTC')),
    updated_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version, metric_name, performance_level)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
-- A version that stands here is complete, and the highest is what counts. `digest` is of its content: what is so already is not written again.
CREATE TABLE IF NOT EXISTS all_choices
(
    org_id UUID,
    version UInt64,
    digest String
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
-- The number of a row is a hash of its key: the same in every version, and small enough for readers that know no 64 bits.
CREATE VIEW IF NOT EXISTS project_metric_settings AS
SELECT toInt64(bitAnd(sipHash64(project_name, plugin_name), 9007199254740991)) AS id, project_name, plugin_name, plugin_option, enable, created_at, updated_at, org_id
FROM all_project_metric_settings FINAL
WHERE (org_id, version) IN (SELECT org_id, max(version) FROM all_choices GROUP BY org_id)
--next
CREATE VIEW IF NOT EXISTS dora_benchmarks AS
SELECT toInt64(bitAnd(sipHash64(metric_name, performance_level), 9007199254740991)) AS id, metric_name, performance_level, min_value, max_value, unit, description, created_at, updated_at, org_id
FROM all_dora_benchmarks FINAL
WHERE (org_id, version) IN (SELECT org_id, max(version) FROM all_choices GROUP BY org_id)
--next
-- Text as the tools sent it; `id` is the place in the log. What came again unchanged, and what was taken out with its source, is no row.
CREATE VIEW IF NOT EXISTS _raw_github_repos AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'github' AND stream = 'repositories' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_github_commits AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'github' AND stream = 'commits' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_github_pull_requests AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'github' AND stream = 'pull_requests' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_jenkins_builds AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'jenkins' AND stream = 'builds' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_jenkins_jobs AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'jenkins' AND stream = 'jobs' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_jenkins_test_results AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'jenkins' AND stream = 'test_results' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_argocd_applications AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'argocd' AND stream = 'applications' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_argocd_syncs AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'argocd' AND stream = 'syncs' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
--next
CREATE VIEW IF NOT EXISTS _raw_argocd_app_status AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'argocd' AND stream = 'health' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != ''
