-- Where two devices leave messages for each other while one lets the other in by a QR code (MSC4108). id: random; data: what
-- the last of them has left, encrypted between them.
create table rendezvous (
  id text primary key, data bytea not null, changed_ts bigint not null, expires_ts bigint not null
);
create index rendezvous_expires on rendezvous (expires_ts);
