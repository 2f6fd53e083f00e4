-- Clients of the OAuth 2.0 API that have registered themselves. client_id: the hash of metadata, so that those who say
-- the same are one. When there are too many, those go that nobody has used for longest and that have no session.
create table oauth_client (
  client_id text primary key, metadata text not null, created_ts bigint not null, used_ts bigint not null
);
create index oauth_client_used on oauth_client (used_ts);

-- Authorization codes, as SHA-256; kept for an hour after they have expired, so that their second use is noticed.
-- family: that of the session that was opened with it.
create table oauth_code (
  hash bytea primary key, client_id text not null, user_nid bigint not null, device_id text not null,
  redirect_uri text not null, challenge text not null, scope text not null, spent_ts bigint, family text,
  expires_ts bigint not null
);
create index oauth_code_expires on oauth_code (expires_ts);
create index oauth_code_user on oauth_code (user_nid);

-- Who is signed in on the pages of this server.
create table browser_token (hash bytea primary key, user_nid bigint not null, expires_ts bigint not null);
create index browser_token_expires on browser_token (expires_ts);

-- The client that tokens were given to; null for those of other ways to log in.
alter table access_token add column client_id text;
alter table refresh_token add column client_id text;
create index refresh_token_client on refresh_token (client_id);
