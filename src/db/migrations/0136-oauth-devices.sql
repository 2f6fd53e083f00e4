-- Devices that wait for somebody to let them in from a browser elsewhere (RFC 8628). hash: of the device code; user_code:
-- what people type. They go when the device has its tokens, or an hour after they have expired.
create table oauth_device_grant (
  hash bytea primary key, user_code text not null unique, client_id text not null, device_id text not null,
  scope text not null, user_nid bigint, is_denied smallint not null default 0, interval_ms int not null,
  polled_ts bigint not null, expires_ts bigint not null
);
create index oauth_device_grant_expires on oauth_device_grant (expires_ts);
create index oauth_device_grant_user on oauth_device_grant (user_nid);
