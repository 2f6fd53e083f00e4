-- What clients of sliding sync know: at most two rows for each connection of a device, that which the client is at and
-- that of the last answer, which it may not have got. state: see writeRooms in src/sync/sliding/connection-state.ts.
create table sliding_position (
  user_nid bigint not null, device_id text not null, conn_id text not null, name text not null, state text not null,
  used_ts bigint not null, primary key (user_nid, device_id, conn_id, name)
) {{clustered}};
create index sliding_position_used on sliding_position (used_ts);
