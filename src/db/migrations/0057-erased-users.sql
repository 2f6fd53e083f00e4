-- Users who asked to be forgotten, and when: whoever joins their rooms later gets redacted copies of their events.
create table erased_user (user_nid bigint primary key, ts bigint not null) {{clustered}};
insert into erased_user (user_nid, ts) select user_nid, 0 from account where is_erased = 1;
