-- why: what Fairlead knows of its own rows here, as in its other lake, so that an export goes on where it stood, changes only what changed, and leaves the rows of others alone.

-- One row a table: how far its last export came. `through` is the place in Fairlead's log up to which it had read; `finished_at` is null while one runs or was broken off.
create table if not exists fairlead_exports (
  table_name varchar(64) not null primary key,
  org_id char(36) not null,
  through bigint not null,
  row_count bigint not null,
  started_at datetime(3) not null,
  finished_at datetime(3) default null
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- A month of rows with the sum of their digests. One whose sum is what the analytics store says needs not be looked at.
create table if not exists fairlead_export_months (
  table_name varchar(64) not null,
  month char(7) not null,
  row_count bigint not null,
  digest char(16) not null,
  primary key (table_name, month)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- Each row that Fairlead wrote, with the digest of what it wrote.
create table if not exists fairlead_export_rows (
  table_name varchar(64) not null,
  id varchar(255) not null,
  month char(7) not null,
  digest char(16) not null,
  primary key (table_name, id),
  index fairlead_export_rows_month (table_name, month, id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
