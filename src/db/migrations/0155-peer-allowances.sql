-- Servers that we answered with 429: how often since when, the last time, and by what their limits were raised since. A row goes a
-- week after that.
create table peer_allowance (
  domain_nid bigint primary key, limited bigint not null, limited_since bigint not null, limited_at bigint not null,
  factor int not null, raised_at bigint not null
);
