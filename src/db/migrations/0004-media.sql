-- One row for each mxc:// URI that this server knows: its users' and, with their origin, those it fetched from others.
-- uploaded: when the content was complete here (for remote media: when it was cached); null while a URI waits for it.
-- file_id: where the store keeps the bytes. user_nid: null for remote media. expires: of a URI without content.
create table media (
  nid {{identity}},
  origin_nid bigint not null,
  media_id text not null,
  user_nid bigint,
  content_type text,
  file_name text,
  file_id text,
  size bigint,
  sha256 bytea,
  created bigint not null,
  expires bigint,
  uploaded bigint,
  last_access bigint not null,
  quarantined smallint not null default 0,
  unique (origin_nid, media_id)
);
create index media_user on media (user_nid, created);
create index media_pending on media (user_nid, expires) where uploaded is null;
create index media_file on media (file_id);

-- file_id is null where the original serves as its own thumbnail. width = height = 0: as large as the original.
create table media_thumbnail (
  media_nid bigint not null, width int not null, height int not null, crop smallint not null, animated smallint not null,
  content_type text not null, file_id text, size bigint, sha256 bytea, created bigint not null,
  primary key (media_nid, width, height, crop, animated)
) {{clustered}};
create index media_thumbnail_file on media_thumbnail (file_id);

-- What each user's uploads take, kept in the transactions that add and remove them.
create table media_usage (user_nid bigint primary key, bytes bigint not null, files bigint not null);
