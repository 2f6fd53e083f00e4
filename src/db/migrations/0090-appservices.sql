-- Application services that are registered in files, as receivers of what happens here. tries: failures in a row of the
-- transaction that is due; retry_at: when it is tried again.
create table appservice (
  id text primary key, last_txn bigint not null default 0, tries int not null default 0, retry_at bigint, reason text
);

-- Transactions that an application service has not acknowledged, in the order of their numbers. A transaction that is
-- tried again has to be the same, so it is kept as it is sent.
create table appservice_transaction (
  appservice_id text not null, txn bigint not null, bytes bigint not null, body text not null,
  primary key (appservice_id, txn)
);

-- Rooms that application services list in the directories of their networks. network: as rooms/network-rooms.table.ts
-- names it.
create table network_room (network text not null, room_nid bigint not null, primary key (network, room_nid));
create index network_room_room on network_room (room_nid);
