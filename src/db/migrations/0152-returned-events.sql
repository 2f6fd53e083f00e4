-- Events that our own users made, that came back from other servers and that this database did not have: the first so many of them.
create table returned_event (event_id text primary key, server text not null, ts bigint not null) {{clustered}};
-- Since when nothing is given out again that was given out before.
create table epoch (one smallint primary key, begun bigint not null) {{clustered}};
insert into epoch (one, begun) values (1, 0);
