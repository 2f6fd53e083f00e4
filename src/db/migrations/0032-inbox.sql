-- Events from other servers that were acknowledged and are not taken in yet. due: when they are tried next; null once
-- they are set aside for good, which `reason` explains.
create table inbox (
  nid {{identity}},
  origin_nid bigint not null,
  room_nid bigint not null,
  event_id text not null unique,
  received_ts bigint not null,
  due bigint,
  tries int not null default 0,
  reason text,
  json text not null
);
create index inbox_room on inbox (room_nid, due, nid);
create index inbox_origin on inbox (origin_nid);

-- What was answered to transactions of other servers, for when they are repeated.
create table inbox_transaction (
  origin_nid bigint not null, txn_id text not null, ts bigint not null, answer text not null,
  primary key (origin_nid, txn_id)
) {{clustered}};
create index inbox_transaction_ts on inbox_transaction (ts);
