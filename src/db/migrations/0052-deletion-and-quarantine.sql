-- What came of a task, JSON. Apart from `progress`, which every step writes: this may be long and changes seldom.
alter table background_task add column result text;

-- Users who were taken out of a room that was deleted then, with the event that says so: their clients may not have
-- asked since, and would show the room for ever. pos: in the user's log. Kept for half a year.
create table room_departure (
  user_nid bigint not null, room_id text not null, pos bigint not null, ts bigint not null, event text not null,
  primary key (user_nid, room_id)
) {{clustered}};
create index room_departure_pos on room_departure (user_nid, pos);
create index room_departure_ts on room_departure (ts);

-- protected: no quarantine touches it (stickers, pictures of many rooms). quarantined_by: the administrator, where known.
alter table media add column protected smallint not null default 0;
alter table media add column quarantined_by bigint;
create index media_sha256 on media (sha256);
create index media_last_access on media (origin_nid, last_access);

-- Bytes that are withheld, under whatever URI they come again.
create table quarantined_content (sha256 bytea primary key, user_nid bigint not null, ts bigint not null);

-- What was put into quarantine and let out, in order, for tools that keep a list of their own.
create table quarantine_change (
  nid {{identity}}, origin_nid bigint not null, media_id text not null, quarantined smallint not null, ts bigint not null
);
