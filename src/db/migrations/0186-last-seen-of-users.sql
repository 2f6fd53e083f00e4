-- When the user was last seen by a device that is gone since; null where none is.
alter table account add column last_seen_ts bigint;
