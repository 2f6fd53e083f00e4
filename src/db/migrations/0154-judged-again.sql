-- Up to which number refused events of a room were judged again: by what a server says of the state before them, or, with our own
-- number, by what we have. It goes with the room, and when our state of the room turns out to have been wrong.
create table judged_again (
  room_nid bigint not null, domain_nid bigint not null, event_nid bigint not null, primary key (room_nid, domain_nid)
) {{clustered}};
-- Bits 1 and 2: rejected, soft-failed.
create index event_refused on event (room_nid, nid) where (flags & 3) <> 0;
