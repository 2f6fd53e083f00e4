-- How many users of each server are joined to a room: whom its events go to, and who may ask for them.
create table room_domain (
  room_nid bigint not null, domain_nid bigint not null, joined bigint not null, primary key (room_nid, domain_nid)
) {{clustered}};
create index room_domain_domain on room_domain (domain_nid, room_nid);
insert into room_domain (room_nid, domain_nid, joined)
  select room_nid, domain_nid, count(*) from room_member where membership = 2 group by room_nid, domain_nid;

-- prev_events from before our history of a room: where fetching more of it begins.
create table backward_extremity (room_nid bigint not null, event_id text not null, primary key (room_nid, event_id)) {{clustered}};

-- What users of ours were told of a room that we are not in, with the membership that came from there. `state`: stripped
-- state events, JSON.
create table out_of_band (
  room_nid bigint not null, user_nid bigint not null, state text not null, primary key (room_nid, user_nid)
) {{clustered}};

-- Bit 16 of `event.flags`: this server sends the event to the others in the room.
create index event_own on event (room_nid, pos) where flags >= 16;
