-- The words by which users of this server are found. source 0: of the user ID, 1: of the display name.
create table user_word (
  word text {{collate_bytes}} not null, user_nid bigint not null, source smallint not null,
  primary key (word, user_nid, source)
) {{clustered}};
create index user_word_user on user_word (user_nid, source);

-- Rooms whose members everybody may know of: public join rule or world readable.
create table open_room (room_nid bigint primary key);
