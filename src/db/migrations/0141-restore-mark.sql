-- Counts up every few minutes, with a copy in the data folder: a database that is behind it was restored from a backup.
create table restore_mark (
  one smallint primary key, beat bigint not null
) {{clustered}};
insert into restore_mark (one, beat) values (1, 0);
