-- What is remembered of users while they are offline, or the server is. Written when they go and when they change their
-- message; who is online is known in memory only.
create table presence (user_nid bigint primary key, last_active bigint not null, status_msg text) {{clustered}};
