-- What administrators have asked this server to change. Written before it is done. ip: empty where a command on the machine
-- itself asked. path: with the names it is about, without the query. Kept for two years, and the newest hundred thousand.
create table admin_audit (
  nid {{identity}}, ts bigint not null, user_nid bigint not null, ip text not null, method text not null, path text not null
);
create index admin_audit_ts on admin_audit (ts);
