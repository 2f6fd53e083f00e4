-- What a certificate authority is answered, by whichever process it reaches.
create table acme_challenge (
  token text primary key, answer text not null, until bigint not null
) {{clustered}};
-- The certificate of all processes. sealed_key: the private key, for whoever has the installation's secret; problem: why there
-- is no newer one.
create table acme_certificate (
  one smallint primary key, chain text not null, sealed_key text not null, problem text
) {{clustered}};
