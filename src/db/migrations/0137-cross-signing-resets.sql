-- Users who have allowed on a page of this server that their cross-signing keys are replaced; it is good once.
create table cross_signing_reset (user_nid bigint primary key, expires_ts bigint not null);
create index cross_signing_reset_expires on cross_signing_reset (expires_ts);
