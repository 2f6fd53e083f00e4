-- Who has accepted which version of which policy, and when. It is a proof: rows stay when the account is closed.
create table terms_acceptance (
  user_nid bigint not null, policy text not null, version text not null, ts bigint not null,
  primary key (user_nid, policy, version)
) {{clustered}};
