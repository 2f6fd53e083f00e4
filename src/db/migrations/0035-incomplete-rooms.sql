-- Rooms that we came into without being told all members: they are asked for until the state is whole. `servers`: JSON.
create table incomplete_room (
  room_nid bigint primary key, join_nid bigint not null, servers text not null, since bigint not null,
  tries int not null default 0, due bigint not null, problem text
);

-- Entries that say that a room's state became another one without an event (`LOG_STATE`). They are few.
create index room_log_state on room_log (room_nid, pos) where kind = 3;
