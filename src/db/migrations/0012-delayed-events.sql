-- Events that clients want sent later. `due`: when it is sent; null once it is finalised. outcome: send or cancel.
create table delayed_event (
  delay_id text primary key, user_nid bigint not null, room_nid bigint not null, type text not null, state_key text,
  content text not null, redacts text, delay_ms bigint not null, running_since bigint not null, due bigint,
  outcome text, reason text, error text, event_id text, finalised_ts bigint
);
create index delayed_event_due on delayed_event (due);
create index delayed_event_user on delayed_event (user_nid, due);
create index delayed_event_state on delayed_event (room_nid, type, state_key);
create index delayed_event_finalised on delayed_event (finalised_ts);
