-- Other servers as receivers of what happens here. Rows are made by the first failure, or the first queued EDU.
-- failing_since, retry_at: null while nothing is known against it. tries: failures in a row. pending: the bounds of the
-- transaction that it has not acknowledged, JSON. edus, edu_bytes: the sums over outbound_edu.
create table destination (
  domain_nid bigint primary key, failing_since bigint, tries int not null default 0, tried_at bigint,
  retry_at bigint, reason text, pending text, edus bigint not null default 0, edu_bytes bigint not null default 0
) {{clustered}};
create index destination_retry on destination (retry_at) where retry_at is not null;

-- What a server in a room has not got of ours from that room's log: everything from from_pos on, up to until_pos once
-- it has left. kind: 0 events, 1 receipts, as in room_log. One row however much waits, so what is dead costs nothing.
create table outbound_room (
  domain_nid bigint not null, room_nid bigint not null, kind smallint not null, from_pos bigint not null,
  until_pos bigint, since bigint not null, primary key (domain_nid, room_nid, kind, from_pos)
) {{clustered}};
create unique index outbound_room_open on outbound_room (room_nid, kind, domain_nid) where until_pos is null;

-- EDUs that must arrive (messages to devices). Bounded for each server and for all together: the oldest go first.
create table outbound_edu (nid {{identity}}, domain_nid bigint not null, bytes bigint not null, json text not null);
create index outbound_edu_domain on outbound_edu (domain_nid, nid);

-- Changes of a local user's device list that a server has not got: those of from_stream to to_stream. prev_stream: the
-- last one that it has; null before the first.
create table outbound_device_list (
  domain_nid bigint not null, user_nid bigint not null, from_stream bigint not null, to_stream bigint not null,
  prev_stream bigint, since bigint not null, primary key (domain_nid, user_nid)
) {{clustered}};

-- What a server can be sent but not take. Kept for people to look at: the newest thousand.
create table outbound_set_aside (
  nid {{identity}}, domain_nid bigint not null, ts bigint not null, kind text not null, room_nid bigint, event_id text,
  reason text not null, json text
);
