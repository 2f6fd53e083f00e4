-- Moving to another kind of database (docs/decisions/0120). One row while this database takes part in a move.
-- role: `source` changes are captured, `leaving` it is being left, `left` nobody may write here any more,
-- `filling` the mover fills it.
create table database_move (move_id text primary key, role text not null, server_name text not null);

-- The keys of rows that were inserted, updated or deleted since capturing began: JSON of texts, bytes in hexadecimal.
create table captured_change (nid {{identity}}, table_name text not null, row_key text not null);
