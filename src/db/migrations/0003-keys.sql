-- Identity keys of local devices as their owners uploaded them. self_signed: the device's own signature was checked.
create table device_key (
  user_nid bigint not null, device_id text not null, self_signed smallint not null, json text not null,
  primary key (user_nid, device_id)
) {{clustered}};

-- Handed out in the order of nid. A claimed key stays for a while, so that an upload that is repeated after a lost
-- answer cannot bring it back.
create table one_time_key (
  nid {{identity}},
  user_nid bigint not null, device_id text not null, algorithm text not null, key_id text not null,
  claimed smallint not null default 0, json text not null,
  unique (user_nid, device_id, algorithm, key_id)
);
create index one_time_key_unclaimed on one_time_key (user_nid, device_id, algorithm, nid) where claimed = 0;

create table fallback_key (
  user_nid bigint not null, device_id text not null, algorithm text not null, key_id text not null,
  used smallint not null default 0, json text not null, primary key (user_nid, device_id, algorithm)
) {{clustered}};

-- usage: master, self_signing or user_signing. json is without signatures but the master key's own.
create table cross_signing_key (
  user_nid bigint not null, usage text not null, public_key text not null, json text not null,
  primary key (user_nid, usage)
) {{clustered}};

-- Checked signatures over keys of user_nid. target: a device ID, or the public master key; the user may be remote.
create table key_signature (
  user_nid bigint not null, target text not null, signer_nid bigint not null, signer_key text not null,
  signature text not null, primary key (user_nid, target, signer_nid, signer_key)
) {{clustered}};
create index key_signature_signer on key_signature (signer_nid, signer_key);

-- What a user's own log says about device lists: the user's own, or one whose master key the user has signed.
-- Only the last change of each list is kept.
create table device_list_own (
  user_nid bigint not null, changed_nid bigint not null, pos bigint not null, primary key (user_nid, changed_nid)
) {{clustered}};
create index device_list_own_pos on device_list_own (user_nid, pos);

-- pos: position in the recipient's log. size: bytes that the message counts for.
create table to_device (
  user_nid bigint not null, device_id text not null, pos bigint not null, sender_nid bigint not null,
  type text not null, size bigint not null, content text not null, primary key (user_nid, device_id, pos)
) {{clustered}};

-- The sums over to_device, so that a limit can be checked without reading a long queue.
create table to_device_inbox (
  user_nid bigint not null, device_id text not null, messages bigint not null, bytes bigint not null,
  primary key (user_nid, device_id)
) {{clustered}};

-- Deleted versions stay as rows: their numbers are never given out again.
create table key_backup (
  user_nid bigint not null, version bigint not null, algorithm text not null, auth_data text not null,
  etag bigint not null default 0, key_count bigint not null default 0, deleted smallint not null default 0,
  primary key (user_nid, version)
) {{clustered}};

create table key_backup_session (
  user_nid bigint not null, version bigint not null, room_id text not null, session_id text not null,
  first_message_index bigint not null, forwarded_count bigint not null, is_verified smallint not null,
  session_data text not null, primary key (user_nid, version, room_id, session_id)
) {{clustered}};
