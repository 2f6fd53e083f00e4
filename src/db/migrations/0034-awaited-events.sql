-- Events of a state that another server told, which cannot be stored yet: their keys cannot be had now, or what authorises
-- them is not known. They are tried again when they are due; without that they were refused for good, and say why.
create table awaited_event (
  room_nid bigint not null, event_id text not null, is_state smallint not null, json text not null, reason text not null,
  tries int not null default 0, due bigint, primary key (room_nid, event_id)
) {{clustered}};
create index awaited_event_due on awaited_event (due);
