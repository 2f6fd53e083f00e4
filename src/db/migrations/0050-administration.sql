-- null: a person. `bot`, `support` or a word of the operators' own: what tools of administrators sort accounts by.
alter table account add column user_type text;

-- How often a user may send, where an administrator wants it other than the settings. 0: nothing of the user is limited.
create table rate_override (user_nid bigint primary key, per_second bigint not null, burst bigint not null) {{clustered}};

-- Who invited whom and joined what, by user: m.room.member is the type with number 1 everywhere.
create index event_membership_sender on event (sender_nid, ts) where type_nid = 1;

-- Rooms that no user of this server may join or be invited to, whether they are known here or not. user_nid: who said so.
create table blocked_room (room_id text primary key, user_nid bigint not null, ts bigint not null);

-- Rooms that were deleted and whose rows are still being cleared away: `room` itself has lost its row already, so that
-- nothing finds them, and until the rest is gone the room cannot come back.
create table room_remains (room_nid bigint primary key, room_id text not null unique);

-- Work of administrators that is too long for a request, done step by step, by the next process where one stops.
-- status: scheduled, active, complete or failed. args: what was asked for. progress: where it is, and what came of it.
-- Finished tasks are deleted a week later.
create table background_task (
  id text primary key, action text not null, resource text, status text not null, args text not null,
  progress text not null, error text, created_ts bigint not null, changed_ts bigint not null
);
create index background_task_status on background_task (status, created_ts);
create index background_task_resource on background_task (action, resource);
