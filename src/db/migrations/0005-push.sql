-- Push rules: a user's own ones, and what the user changed about default ones (rule_id starts with a dot).
-- rank: 0 or less and upwards within a kind, the smallest is the most important.
-- enabled, actions: null where a default rule keeps its own. conditions is JSON, pattern is for the kind `content`.
create table push_rule (
  user_nid bigint not null, kind text not null, rule_id text not null, rank bigint not null default 0,
  enabled smallint, actions text, conditions text, pattern text,
  primary key (user_nid, kind, rule_id)
) {{clustered}};

-- pos: where the user's log says that the rules changed last.
create table push_ruleset (user_nid bigint not null primary key, pos bigint not null) {{clustered}};

-- Notifications stay as history once they are read. thread: 'main' or the ID of the thread's root.
alter table notification add column is_read smallint not null default 0;
create index notification_unread on notification (user_nid, room_nid, thread, highlight) where is_read = 0;
create index notification_ts on notification (user_nid, ts);
create index notification_read_ts on notification (ts) where is_read = 1;

-- host: the gateway's, so that a slow one can be told from the others. ts: when the pushkey was last set.
create table pusher (
  nid {{identity}},
  user_nid bigint not null, app_id text not null, pushkey text not null, kind text not null,
  app_display_name text not null, device_display_name text not null, profile_tag text, lang text not null,
  data text not null, host text not null, device_id text, ts bigint not null,
  tries int not null default 0, next_try_at bigint not null default 0,
  unique (user_nid, app_id, pushkey)
);
create index pusher_key on pusher (app_id, pushkey);

-- What is still to be told to a gateway: a notification, or the new badge count when room_nid is 0.
create table push_queue (
  nid {{identity}}, pusher_nid bigint not null, user_nid bigint not null, room_nid bigint not null,
  pos bigint not null, ts bigint not null
);
create index push_queue_pusher on push_queue (pusher_nid, nid);
