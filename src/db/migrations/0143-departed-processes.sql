-- Processes of the cluster that fell silent and were held for dead, until one of the same name comes back. roles: as in
-- cluster_process. ts: when they were given up, in milliseconds since 1970 by the database's clock.
create table cluster_departed (name text primary key, address text, roles text not null, ts bigint not null);
