-- The depth of the join by which this server came into the room. What it was told of the room then lies above, and is no
-- news when it is sent again.
alter table room add column joined_depth bigint not null default 0;
