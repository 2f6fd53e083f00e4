-- draining: 1 while a process ends: it still answers, takes up no work any more, and nothing new is to be sent to it.
alter table cluster_process add column draining smallint not null default 0;
