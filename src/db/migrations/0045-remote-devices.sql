-- Device lists of users of other servers as these told us, kept while the user shares a room with a local one. Whoever
-- comes to share none any more is cleared away once an hour.
-- stream_id: the last change among them, null when that is not known. stale: to be asked for anew before it is used.
-- doubts: grows with everything that makes the list stale, so that an answer which was under way meanwhile is not taken
-- for fresh. told: clients were told of a change since anybody last asked. wanted: 1 to be asked for anew without anybody
-- asking, 2 if clients have to be told of it then. size: bytes of the keys.
create table remote_device_list (
  user_nid bigint not null, domain_nid bigint not null, stream_id bigint, stale smallint not null,
  doubts bigint not null default 0, told smallint not null default 0, wanted smallint not null default 0,
  size bigint not null default 0, master_key text, self_signing_key text, primary key (user_nid)
) {{clustered}};
create index remote_device_list_wanted on remote_device_list (domain_nid, user_nid) where wanted > 0;

-- json: device keys that were checked, in canonical JSON.
create table remote_device (
  user_nid bigint not null, device_id text not null, display_name text, json text not null,
  primary key (user_nid, device_id)
) {{clustered}};

-- Servers whose lists are wanted. due: when they are asked next. tried, failures: the last time that they did not answer,
-- and how often in a row.
create table remote_device_server (
  domain_nid bigint not null, due bigint not null, tried bigint not null, failures bigint not null,
  primary key (domain_nid)
) {{clustered}};
create index remote_device_server_due on remote_device_server (due);
