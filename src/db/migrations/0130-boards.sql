-- Boards that joined the cluster. address: HOST:PORT where an agent's processes are reached for cluster matters. labels,
-- facts, processes: JSON (src/cluster/boards/board.ts), the last two as the agent told them last. until: the board is held
-- for dead from then on, in milliseconds since 1970 by the database's clock. is_cordoned: nothing new is placed there, and
-- what it has goes elsewhere. fingerprint: SHA-256 of its certificate's public key, base64url; another one is refused.
create table cluster_board (
  name text primary key, address text not null, labels text not null, facts text, processes text not null,
  is_cordoned smallint not null default 0, fingerprint text not null, joined_ts bigint not null, until bigint not null
);

-- What shall run where. process: its name in the cluster. kind: 'role' for `copse role`, 'front' for `copse front`. roles:
-- with commas between them, empty for everything. memory: bytes. is_leaving: it goes as soon as what replaces it is ready.
create table cluster_assignment (
  process text primary key, board text not null, part text not null, kind text not null, roles text not null,
  port integer not null, memory bigint not null, is_leaving smallint not null default 0, since_ts bigint not null
);
create index cluster_assignment_board on cluster_assignment (board);

-- What the operator wants (`copse apply`, `copse role scale`), as JSON: one row, and none where nobody said anything.
create table cluster_desired (id integer primary key check (id = 1), desired text not null, applied_ts bigint not null);

-- Invitations to other boards, each good once. hash: SHA-256 of the secret, base64url.
create table cluster_token (hash text primary key, expires_ts bigint not null, used_ts bigint, used_by text);
