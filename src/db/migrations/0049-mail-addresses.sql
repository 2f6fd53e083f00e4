-- Addresses that users have proved to be theirs (`medium`: email). They go with the account when it is closed.
create table threepid (
  medium text not null, address text not null, user_nid bigint not null, validated_ts bigint not null,
  added_ts bigint not null, primary key (medium, address)
) {{clustered}};
create index threepid_user on threepid (user_nid, added_ts);

-- Proofs of mail addresses that are under way. `client_secret` and `token` are SHA-256 of what the client and the mail have;
-- without a token the mail said why there is nothing to prove. Deleted once used or expired.
create table mail_validation (
  sid text primary key, purpose text not null, client_secret bytea not null, address text not null,
  send_attempt bigint not null, token bytea, next_link text, validated_ts bigint, expires_ts bigint not null
);
create unique index mail_validation_asked on mail_validation (client_secret, purpose, address);
create index mail_validation_token on mail_validation (token);
create index mail_validation_expires on mail_validation (expires_ts);
