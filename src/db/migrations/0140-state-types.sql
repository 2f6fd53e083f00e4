-- Types of state that a room is asked for again and again, and most rooms have not. What has no number cannot be kept in
-- memory, and is looked for in the database each time.
insert into state_type (type) values ('m.room.create'), ('m.room.power_levels'), ('m.room.join_rules'),
  ('m.room.history_visibility'), ('m.room.guest_access'), ('m.room.name'), ('m.room.topic'), ('m.room.avatar'),
  ('m.room.canonical_alias'), ('m.room.encryption'), ('m.room.server_acl'), ('m.room.policy'), ('m.room.tombstone'),
  ('m.room.third_party_invite')
on conflict do nothing;
