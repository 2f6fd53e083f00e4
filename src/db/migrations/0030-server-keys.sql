-- Public keys of other servers, by which their events and requests are checked. The key of an ID never changes, and rows
-- stay for ever: events of long ago need them. valid_until: capped at seven days after the answer. expired_ts: when the
-- server stopped to sign with it; null while it signs.
create table server_key (
  server_name text not null, key_id text not null, public_key bytea not null, valid_until bigint not null,
  expired_ts bigint, first_seen bigint not null,
  primary key (server_name, key_id)
) {{clustered}};

-- What each server published last, with its signature: given on when others ask us for its keys.
create table server_key_answer (
  server_name text primary key, json text not null, fetched bigint not null, valid_until bigint not null
);
