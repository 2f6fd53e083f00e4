-- What empties a database between two tests, for lent-databases.ts. It stands in a schema of its own: current_schema() is
-- the tests' one still. Rows are deleted rather than tables truncated, which would write a new file for each of them and each
-- of its indexes (2 ms a table); only a table that has grown is truncated, so that the planner does not count what earlier
-- tests left.
create schema between_tests;

create table between_tests.seeded (name text);
do $$ declare own text; is_filled boolean; begin
  for own in select tablename from pg_tables where schemaname = 'public' loop
    execute format('select exists (select 1 from public.%I)', own) into is_filled;
    if is_filled then
      execute format('create table between_tests.%I as table public.%I', 'seed_' || own, own);
      insert into between_tests.seeded values (own);
    end if;
  end loop;
end $$;

create table between_tests.counter as
  select format('%I.%I', schemaname, sequencename)::regclass as id, coalesce(last_value, start_value) as value,
    last_value is not null as is_called
  from pg_sequences where schemaname = 'public';

-- Differs once a table, a column, an index, a constraint, a trigger or a function has come, gone or changed.
create function between_tests.shape() returns text language sql as $$
  select concat_ws(',',
    (select sum(hashtextextended(concat_ws(',', attrelid, attnum, attname, atttypid, attnotnull, attisdropped), 0))
      from pg_attribute where attrelid >= 16384 and attrelid in
        (select oid from pg_class where relnamespace in ('public'::regnamespace, 'between_tests'::regnamespace))),
    (select count(*) || '/' || max(oid) from pg_constraint),
    (select count(*) || '/' || max(oid) from pg_trigger),
    (select count(*) || '/' || max(oid) from pg_proc))
$$;

create table between_tests.first_shape (text text);

-- False where the schema is no longer what it was: the database is of no further use.
create function between_tests.reset() returns boolean language plpgsql as $$
declare own text; is_filled boolean; begin
  perform pg_terminate_backend(pid, 10000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend';
  if between_tests.shape() <> (select text from between_tests.first_shape) then return false; end if;
  for own in select tablename from pg_tables where schemaname = 'public' loop
    execute format('select exists (select 1 from public.%I)', own) into is_filled;
    if pg_relation_size(format('public.%I', own)) > 65536 then execute format('truncate public.%I cascade', own);
    elsif is_filled then execute format('delete from public.%I', own); end if;
  end loop;
  for own in select name from between_tests.seeded loop
    execute format('insert into public.%I table between_tests.%I', own, 'seed_' || own);
  end loop;
  perform setval(c.id, c.value, c.is_called) from between_tests.counter c;
  return true;
end $$;

insert into between_tests.first_shape values (between_tests.shape());
