-- Who somebody is at an OpenID Connect provider (`provider`: its ID in the settings, `subject`: the claim `sub`). Rows go
-- with the account when it is closed, and when an administrator takes them away.
create table external_identity (
  provider text not null, subject text not null, user_nid bigint not null, added_ts bigint not null,
  primary key (provider, subject)
) {{clustered}};
create index external_identity_user on external_identity (user_nid);
