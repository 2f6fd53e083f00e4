-- What users have reported. kind 0: an event (with its sender as user_id), 1: a room, 2: a user.
create table report (
  nid {{identity}}, kind smallint not null, reporter_nid bigint not null, room_id text, event_id text, user_id text,
  reason text not null, score int, ts bigint not null
);
create index report_kind on report (kind, nid);
create index report_reporter on report (reporter_nid, ts);
