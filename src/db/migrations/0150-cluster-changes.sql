-- Counts changes of who shares the database and who does what: each process asks for the number and reads the rest when it is
-- another one.
create table cluster_change (id smallint primary key, version bigint not null);
insert into cluster_change (id, version) values (1, 0);
-- Who is silent is looked for by everybody all the time.
create index cluster_process_until on cluster_process (until);
