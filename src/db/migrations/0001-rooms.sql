-- Numbers ("nids") stand for the long names in every other table. They are never reused.
create table user_name (nid {{identity}}, user_id text not null unique, domain_nid bigint not null, log_pos bigint not null default 0);
create table domain (nid {{identity}}, name text not null unique);
create table state_type (nid {{identity}}, type text not null unique);
create table state_key (nid {{identity}}, state_key text not null unique);

-- The 16 shards. `pos` is the last position of the shard's room log, `epoch` the lease under which its owner writes.
create table shard (shard smallint primary key, epoch bigint not null, pos bigint not null);

create table room (
  nid {{identity}},
  room_id text not null unique,
  version text not null,
  shard smallint not null,
  state_root bigint not null default 0,      -- current resolved state; 0 is the empty tree
  next_rec bigint not null default 1,        -- next record number of the state tree
  first_pos bigint not null default 0,       -- positions of history fetched later count down from here
  create_nid bigint,                         -- the accepted create event
  joined_count bigint not null default 0,
  invited_count bigint not null default 0,
  is_public smallint not null default 0      -- listed in the room directory
);
create index room_public on room (is_public);

-- kind 0: event (ref = event nid), 1: receipt (ref = user nid), 2: device list change (ref = user nid)
create table room_log (
  shard smallint not null, pos bigint not null, room_nid bigint not null, kind smallint not null, ref bigint not null,
  primary key (shard, pos)
) {{clustered}};
create index room_log_room on room_log (room_nid, pos);

-- pos: position in the shard's log; negative for history fetched later; null for events outside the timeline
-- (outliers, rejected, soft-failed). flags: 1 rejected, 2 soft-failed, 4 outlier, 8 redacted.
create table event (
  nid {{identity}},
  event_id text not null unique,
  room_nid bigint not null,
  pos bigint,
  type_nid bigint not null,
  state_key_nid bigint,
  sender_nid bigint not null,
  depth bigint not null,
  ts bigint not null,
  flags smallint not null,
  state_before bigint not null,
  state_after bigint not null,
  room_root bigint not null,                 -- the room's resolved state once this event was in; differs from state_after after forks
  replaces_nid bigint,                       -- the state event that this one replaced
  reason text,                               -- why it was rejected or soft-failed
  json text not null
);
create index event_room_pos on event (room_nid, pos);
create index event_room_ts on event (room_nid, ts);

create table extremity (room_nid bigint not null, event_nid bigint not null, primary key (room_nid, event_nid)) {{clustered}};

-- prev_events that nobody has given us yet.
create table hole (
  room_nid bigint not null, event_id text not null, wanted_by bigint not null, first_seen bigint not null,
  tries int not null default 0, primary key (room_nid, event_id)
) {{clustered}};

create table redaction (room_nid bigint not null, redacts text not null, event_nid bigint not null, primary key (room_nid, redacts, event_nid)) {{clustered}};

create table relation (
  room_nid bigint not null, target text not null, rel_type text not null, event_nid bigint not null,
  type_nid bigint not null, sender_nid bigint not null, pos bigint not null, aggregation_key text,
  primary key (room_nid, target, rel_type, event_nid)
) {{clustered}};
create index relation_kind on relation (room_nid, rel_type, target, pos);

-- One transaction ID of one device in one room is one event, for as long as clients repeat requests (a month).
create table transaction_id (
  user_nid bigint not null, device_id text not null, scope text not null, txn_id text not null,
  answer text not null, ts bigint not null, primary key (user_nid, device_id, scope, txn_id)
) {{clustered}};
create index transaction_id_answer on transaction_id (answer);
create index transaction_id_ts on transaction_id (ts);

-- The state tree: all new pages of one change are one record.
create table state_page (room_nid bigint not null, rec bigint not null, data bytea not null, primary key (room_nid, rec)) {{clustered}};
create table state_partial (room_nid bigint not null, event_nid bigint not null, primary key (room_nid, event_nid)) {{clustered}};

-- membership: 1 invite, 2 join, 3 knock, 4 leave, 5 ban. pos: where the room log says so.
create table room_member (
  room_nid bigint not null, user_nid bigint not null, domain_nid bigint not null, membership smallint not null,
  event_nid bigint not null, pos bigint not null, forgotten smallint not null default 0, display_name text, avatar_url text,
  primary key (room_nid, user_nid)
) {{clustered}};
create index room_member_domain on room_member (room_nid, domain_nid, membership);
create index room_member_user on room_member (user_nid, membership, room_nid);

create table receipt (
  room_nid bigint not null, user_nid bigint not null, receipt_type text not null, thread text not null,
  event_id text not null, event_pos bigint not null, ts bigint not null, pos bigint not null,
  primary key (room_nid, user_nid, receipt_type, thread)
) {{clustered}};
create index receipt_pos on receipt (room_nid, pos);

-- One row for each event that notifies a user who has not read it.
create table notification (
  user_nid bigint not null, room_nid bigint not null, pos bigint not null, event_nid bigint not null,
  thread text not null, highlight smallint not null, actions text not null, ts bigint not null,
  primary key (user_nid, room_nid, pos)
) {{clustered}};

create table room_alias (alias text primary key, room_id text not null, creator_nid bigint not null);
create index room_alias_room on room_alias (room_id);

insert into shard (shard, epoch, pos)
  values (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0), (7, 0, 0),
         (8, 0, 0), (9, 0, 0), (10, 0, 0), (11, 0, 0), (12, 0, 0), (13, 0, 0), (14, 0, 0), (15, 0, 0);

-- Membership is the type with number 1 in every database: the state tree sorts it behind everything else.
insert into state_type (type) values ('m.room.member');
create index receipt_user on receipt (user_nid, receipt_type, pos);
