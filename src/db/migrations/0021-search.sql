-- How far the readers of the room logs have come: each reader one row a shard.
create table log_reader (
  reader text not null, shard smallint not null, pos bigint not null, primary key (reader, shard)
) {{clustered}};

-- What full-text search finds, followed from the room logs. kind: 0 message, 1 name of a room, 2 topic. Rows go with
-- the redaction of their event. The words are cut by ourselves, the same way for both databases; the databases only keep
-- them: SQLite in an FTS5 table without content whose rowid is the event's number, PostgreSQL in a tsvector.
create table search_entry (
  event_nid bigint primary key, room_nid bigint not null, kind smallint not null, ts bigint not null
  {{#postgres}}, words tsvector not null{{/postgres}}
) {{clustered}};
{{#postgres}}
create index search_entry_words on search_entry using gin (words);
create index search_entry_room on search_entry (room_nid, event_nid);
{{/postgres}}
{{#sqlite}}
create virtual table search_words using fts5 (room, words, content = '', contentless_delete = 1, tokenize = 'ascii');
{{/sqlite}}
