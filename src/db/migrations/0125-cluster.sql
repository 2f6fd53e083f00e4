-- Processes that share this database. nid: one for each life of a process, never given twice, so that whatever it writes
-- can be refused once others hold it for dead. until: when that is, unless it says before that it lives, in milliseconds
-- since 1970 by the database's clock. offers: the names of the leases that it would take, as JSON.
create table cluster_process (
  nid {{identity}}, name text not null, address text, until bigint not null, started_ts bigint not null,
  offers text not null
);

-- Work that one process does at a time.
create table cluster_lease (name text primary key, process_nid bigint not null, since_ts bigint not null);
create index cluster_lease_process on cluster_lease (process_nid);
