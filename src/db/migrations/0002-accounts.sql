-- Users of this server. `folded` is the localpart without differences of case and width, so that nobody gets a name
-- that reads like one that is taken. `data_bytes` is what the account data of the user takes.
create table account (
  user_nid bigint primary key,
  folded text not null unique,
  password_hash text,                        -- null: the user cannot log in with a password
  is_admin smallint not null default 0,
  is_guest smallint not null default 0,
  is_deactivated smallint not null default 0,
  is_erased smallint not null default 0,
  is_locked smallint not null default 0,
  is_suspended smallint not null default 0,
  is_approved smallint not null default 1,
  appservice_id text,
  created_ts bigint not null,
  data_bytes bigint not null default 0
);

create table device (
  user_nid bigint not null, device_id text not null, display_name text, created_ts bigint not null,
  last_seen_ts bigint, last_seen_ip text, user_agent text,
  primary key (user_nid, device_id)
) {{clustered}};

-- Tokens of every kind are stored as SHA-256 only. A family is what comes from one login by refreshing.
-- `refreshed_from`: the refresh token that is spent once this access token is used for the first time.
create table access_token (
  nid {{identity}}, hash bytea not null unique, user_nid bigint not null, device_id text, family text not null,
  refreshed_from bigint, created_ts bigint not null, expires_ts bigint
);
create index access_token_device on access_token (user_nid, device_id);
create index access_token_family on access_token (family);
create index access_token_expires on access_token (expires_ts);

create table refresh_token (
  nid {{identity}}, hash bytea not null unique, user_nid bigint not null, device_id text not null, family text not null,
  refreshed_from bigint, created_ts bigint not null, spent_ts bigint
);
create index refresh_token_device on refresh_token (user_nid, device_id);
create index refresh_token_family on refresh_token (family);
create index refresh_token_spent on refresh_token (spent_ts);

-- One-time tokens for m.login.token, and tokens that prove a user to other services (OpenID).
create table login_token (hash bytea primary key, user_nid bigint not null, expires_ts bigint not null);
create index login_token_expires on login_token (expires_ts);
create table openid_token (hash bytea primary key, user_nid bigint not null, expires_ts bigint not null);
create index openid_token_expires on openid_token (expires_ts);

-- `pending`: authentication sessions that have shown the token and not made their account yet.
create table registration_token (
  token text primary key, uses_allowed int, pending int not null default 0, completed int not null default 0,
  expires_ts bigint, created_ts bigint not null
);

-- Stages of user-interactive authentication that are done, until the request they were for is carried out.
create table auth_stage (
  session text not null, stage text not null, detail text, expires_ts bigint not null, primary key (session, stage)
) {{clustered}};
create index auth_stage_expires on auth_stage (expires_ts);

-- Secrets that the processes of one server share.
create table server_secret (name text primary key, value bytea not null);

-- Work in rooms that an account has asked for and that is not done yet.
create table account_task (
  user_nid bigint not null, kind text not null, version bigint not null, primary key (user_nid, kind)
) {{clustered}};

create table profile_field (
  user_nid bigint not null, field text not null, value text not null, primary key (user_nid, field)
) {{clustered}};

-- room_id is empty for data of the account as a whole.
create table account_data (
  user_nid bigint not null, room_id text not null, type text not null, pos bigint not null, content text not null,
  primary key (user_nid, room_id, type)
) {{clustered}};
create index account_data_pos on account_data (user_nid, pos);

-- What m.ignored_user_list says, readable from both sides.
create table ignored_user (user_nid bigint not null, ignored text not null, primary key (user_nid, ignored)) {{clustered}};
create index ignored_user_ignored on ignored_user (ignored);

create table filter (nid {{identity}}, user_nid bigint not null, hash bytea not null, content text not null, unique (user_nid, hash));
