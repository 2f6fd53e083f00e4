-- Users of other servers whose membership of a room changed since the user directory took them in. Rows are only added,
-- by whoever writes the membership, and deleted by the directory: neither waits for the other.
create table changed_member (nid {{identity}}, user_nid bigint not null);
