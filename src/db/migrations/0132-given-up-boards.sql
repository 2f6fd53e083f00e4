-- Boards whose work has been given to others, because they were silent for too long; until they speak again.
create table cluster_given_up (board text primary key, since_ts bigint not null);
