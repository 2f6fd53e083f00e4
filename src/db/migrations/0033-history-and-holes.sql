-- What an edge of our history names lies right below gap_pos in the timeline, where positions count down as it comes.
-- tries: how often it was asked for in vain.
alter table backward_extremity add column gap_pos bigint not null default 0;
alter table backward_extremity add column tries int not null default 0;
alter table room drop column first_pos;

-- The depth of the event by which this server came into the room: what is not deeper is history, and no hole.
alter table room add column entered_depth bigint not null default 0;

-- due: when it is asked for next; null once nobody has it. asked: the servers that did not give it, JSON.
alter table hole add column due bigint default 0;
alter table hole add column asked text not null default '[]';
create index hole_due on hole (due);

-- When each room that we share with others is probed next, and how long after that again. turn: counts the servers that
-- were asked in turn. newest: position of the room's newest event then.
create table room_probe (
  room_nid bigint primary key, due bigint not null, wait bigint not null, turn int not null, newest bigint not null
);
create index room_probe_due on room_probe (due);

-- Servers that refused to be probed about a room, which is not repeated for a while: it writes a warning into their log.
create table probe_refusal (
  room_nid bigint not null, domain_nid bigint not null, ts bigint not null, reason text not null,
  primary key (room_nid, domain_nid)
) {{clustered}};
