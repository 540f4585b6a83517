-- The SQL of the reference schema as it is published: what its readers have in their scripts. Data of a test, not of ours to put right.

CREATE TABLE `deployments` (
  `id` varchar(255) NOT NULL PRIMARY KEY,
  `cicd_scope_id` varchar(255) NOT NULL,
  `name` varchar(255) DEFAULT NULL,
  `result` varchar(100) DEFAULT NULL,
  `status` varchar(100) DEFAULT NULL,
  `original_status` varchar(100) DEFAULT NULL,
  `environment` varchar(255) DEFAULT NULL,
  `created_date` datetime(3) DEFAULT NULL,
  `started_date` datetime(3) DEFAULT NULL,
  `finished_date` datetime(3) DEFAULT NULL,
  `duration_sec` bigint DEFAULT NULL,
  `commit_sha` varchar(255) DEFAULT NULL,
  `ref_name` varchar(255) DEFAULT NULL,
  `repo_id` varchar(255) DEFAULT NULL,
  `repo_url` varchar(255) DEFAULT NULL,
  `prev_success_deployment_commit_id` varchar(255) DEFAULT NULL,
  `display_title` varchar(255) DEFAULT NULL,
  `url` varchar(255) DEFAULT NULL,
  `created_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) DEFAULT NULL,
  INDEX idx_cicd_scope_id (cicd_scope_id),
  INDEX idx_commit_sha (commit_sha),
  INDEX idx_finished_date (finished_date),
  INDEX idx_environment (environment),
  INDEX idx_result (result)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
--next
CREATE TABLE `commits` (
  `sha` varchar(255) NOT NULL PRIMARY KEY,
  `additions` int DEFAULT NULL,
  `deletions` int DEFAULT NULL,
  `dev_eq` int DEFAULT NULL,
  `message` mediumtext,
  `author_name` varchar(255) DEFAULT NULL,
  `author_email` varchar(255) DEFAULT NULL,
  `authored_date` datetime(3) DEFAULT NULL,
  `author_id` varchar(255) DEFAULT NULL,
  `committer_name` varchar(255) DEFAULT NULL,
  `committer_email` varchar(255) DEFAULT NULL,
  `committed_date` datetime(3) DEFAULT NULL,
  `committer_id` varchar(255) DEFAULT NULL,
  `created_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) DEFAULT NULL,
  INDEX idx_authored_date (authored_date),
  INDEX idx_author_id (author_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
--next
CREATE TABLE `incidents` (
  `id` varchar(255) NOT NULL PRIMARY KEY,
  `issue_id` varchar(255) DEFAULT NULL,
  `url` varchar(255) DEFAULT NULL,
  `number` varchar(255) DEFAULT NULL,
  `title` varchar(255) DEFAULT NULL,
  `description` mediumtext,
  `priority` varchar(255) DEFAULT NULL,
  `severity` varchar(255) DEFAULT NULL,
  `type` varchar(100) DEFAULT NULL,
  `status` varchar(100) DEFAULT NULL,
  `original_status` varchar(100) DEFAULT NULL,
  `created_date` datetime(3) DEFAULT NULL,
  `updated_date` datetime(3) DEFAULT NULL,
  `closed_date` datetime(3) DEFAULT NULL,
  `lead_time_minutes` bigint DEFAULT NULL,
  `resolution_date` datetime(3) DEFAULT NULL,
  `created_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) DEFAULT NULL,
  INDEX idx_created_date (created_date),
  INDEX idx_resolution_date (resolution_date),
  INDEX idx_severity (severity),
  INDEX idx_status (status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
--next
CREATE TABLE `cicd_deployments` (
  `id` varchar(255) NOT NULL PRIMARY KEY,
  `cicd_scope_id` varchar(255) NOT NULL,
  `name` varchar(255) DEFAULT NULL,
  `result` varchar(100) DEFAULT NULL,
  `status` varchar(100) DEFAULT NULL,
  `environment` varchar(255) DEFAULT NULL,
  `created_date` datetime(3) DEFAULT NULL,
  `started_date` datetime(3) DEFAULT NULL,
  `finished_date` datetime(3) DEFAULT NULL,
  `duration_sec` bigint DEFAULT NULL,
  `queued_duration_sec` bigint DEFAULT NULL,
  `commit_sha` varchar(255) DEFAULT NULL,
  `ref_name` varchar(255) DEFAULT NULL,
  `repo_id` varchar(255) DEFAULT NULL,
  `display_title` varchar(255) DEFAULT NULL,
  `url` varchar(255) DEFAULT NULL,
  `created_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) DEFAULT NULL,
  INDEX idx_cicd_scope_id (cicd_scope_id),
  INDEX idx_commit_sha (commit_sha),
  INDEX idx_environment (environment),
  INDEX idx_finished_date (finished_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
--next
CREATE TABLE `project_metric_settings` (
  `id` bigint AUTO_INCREMENT PRIMARY KEY,
  `project_name` varchar(255) NOT NULL,
  `plugin_name` varchar(255) NOT NULL,
  `plugin_option` text,
  `enable` tinyint(1) DEFAULT 1,
  `created_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) DEFAULT NULL,
  UNIQUE KEY uk_project_plugin (project_name, plugin_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
--next
CREATE TABLE `dora_benchmarks` (
  `id` bigint AUTO_INCREMENT PRIMARY KEY,
  `metric_name` varchar(100) NOT NULL,
  `performance_level` varchar(50) NOT NULL,
  `min_value` decimal(10,2) DEFAULT NULL,
  `max_value` decimal(10,2) DEFAULT NULL,
  `unit` varchar(50) DEFAULT NULL,
  `description` text,
  `created_at` datetime(3) DEFAULT NULL,
  `updated_at` datetime(3) DEFAULT NULL,
  UNIQUE KEY uk_metric_level (metric_name, performance_level)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
--next
INSERT INTO dora_benchmarks (metric_name, performance_level, min_value, max_value, unit, description) VALUES
('deployment_frequency', 'elite', 0, NULL, 'per_day', 'Multiple deploys per day'),
('deployment_frequency', 'high', 1, 7, 'per_week', 'Between once per day and once per week'),
('lead_time', 'elite', 0, 60, 'minutes', 'Less than one hour'),
('lead_time', 'high', 60, 10080, 'minutes', 'Less than one week'),
('change_failure_rate', 'elite', 0, 15, 'percent', '0-15%'),
('change_failure_rate', 'high', 16, 30, 'percent', '16-30%'),
('mttr', 'elite', 0, 60, 'minutes', 'Less than one hour'),
('mttr', 'high', 60, 1440, 'minutes', 'Less than one day')
--next
CREATE VIEW v_dora_deployment_frequency AS
SELECT
    cicd_scope_id AS project_id,
    environment,
    DATE(finished_date) AS deployment_date,
    COUNT(*) AS deployment_count,
    COUNT(*) / 1.0 AS deployments_per_day
FROM deployments
WHERE
    result = 'SUCCESS'
    AND environment = 'production'
    AND finished_date IS NOT NULL
GROUP BY cicd_scope_id, environment, DATE(finished_date)
--next
CREATE VIEW v_dora_lead_time AS
SELECT
    d.cicd_scope_id AS project_id,
    d.id AS deployment_id,
    d.commit_sha,
    c.authored_date AS commit_date,
    d.finished_date AS deployment_date,
    TIMESTAMPDIFF(SECOND, c.authored_date, d.finished_date) AS lead_time_seconds,
    TIMESTAMPDIFF(MINUTE, c.authored_date, d.finished_date) AS lead_time_minutes
FROM deployments d
JOIN commits c ON d.commit_sha = c.sha
WHERE d.result = 'SUCCESS' AND d.environment = 'production'
--next
CREATE VIEW v_dora_cfr AS
SELECT
    cicd_scope_id AS project_id,
    COUNT(*) AS total_deployments,
    SUM(CASE WHEN result = 'FAILURE' THEN 1 ELSE 0 END) AS failed_deployments,
    (SUM(CASE WHEN result = 'FAILURE' THEN 1 ELSE 0 END) * 100.0 / COUNT(*)) AS failure_rate_percent
FROM deployments
WHERE environment = 'production'
GROUP BY cicd_scope_id
--next
CREATE VIEW v_dora_mttr AS
SELECT
    i.id AS incident_id,
    i.severity,
    i.created_date AS incident_created,
    i.resolution_date AS incident_resolved,
    TIMESTAMPDIFF(MINUTE, i.created_date, i.resolution_date) AS mttr_minutes
FROM incidents i
WHERE i.resolution_date IS NOT NULL
    AND i.severity IN ('high', 'medium')
--next
CREATE INDEX idx_deployments_frequency
ON deployments(cicd_scope_id, environment, result, finished_date)
--next
CREATE INDEX idx_deployments_leadtime
ON deployments(commit_sha, finished_date)
--next
CREATE INDEX idx_deployments_cfr
ON deployments(cicd_scope_id, environment, result)
--next
CREATE INDEX idx_incidents_mttr
ON incidents(severity, created_date, resolution_date)
--next
SELECT
    table_name,
    ROUND(((data_length + index_length) / 1024 / 1024), 2) AS size_mb
FROM information_schema.TABLES
WHERE table_schema = 'lake'
ORDER BY size_mb DESC
--next
SELECT
    table_schema,
    table_name,
    index_name,
    cardinality
FROM information_schema.STATISTICS
WHERE table_schema = 'lake'
ORDER BY cardinality DESC
--next
SET GLOBAL slow_query_log = 'ON'
--next
SET GLOBAL long_query_time = 2
--next
SELECT * FROM mysql.slow_log
ORDER BY query_time DESC
LIMIT 10
