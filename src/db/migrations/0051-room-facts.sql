-- What lists of rooms are sorted and searched by, kept in step with the state of the rooms. Rooms from before this table
-- get their row at the first start.
create table room_facts (
  room_nid bigint primary key, name text, alias text, creator text, room_type text, encryption text, join_rule text,
  guest_access text, history_visibility text, federatable smallint not null default 1
);

-- The room in which the server itself writes to a user.
create table server_notice_room (user_nid bigint primary key, room_nid bigint not null);
create index server_notice_room_room on server_notice_room (room_nid);
