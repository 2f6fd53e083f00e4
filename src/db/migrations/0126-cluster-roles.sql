-- roles: what a process does, with commas between them.
alter table cluster_process add column roles text not null default '';
