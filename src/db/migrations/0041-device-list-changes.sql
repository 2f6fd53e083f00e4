-- The last change of each device of a local user, also of those that are gone, and of the user's cross-signing keys
-- (device_id is empty). stream_id: the position in the user's own log at which it happened.
create table device_list_change (
  user_nid bigint not null, device_id text not null, stream_id bigint not null, ts bigint not null,
  primary key (user_nid, device_id)
) {{clustered}};
create index device_list_change_stream on device_list_change (user_nid, stream_id);
