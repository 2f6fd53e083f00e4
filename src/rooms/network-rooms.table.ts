import type { Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

/**
 * The name of a network of an application service in the room directory (`third_party_instance_id`), as other servers
 * build it.
 */
export function networkName(appserviceId: string, networkId: string): string {
  return `${appserviceId}|${networkId}`;
}

/** Lists a room in the directory of a network, or takes it out. */
export async function setListedIn(tx: Tx, network: string, roomNid: number, isListed: boolean): Promise<void> {
  await tx.run(
    isListed
      ? sql`insert into network_room (network, room_nid) values (${network}, ${roomNid}) on conflict do nothing`
      : sql`delete from network_room where network = ${network} and room_nid = ${roomNid}`,
  );
}

/** The condition that a room (`nid`) is listed in a network, or in any of them. */
export function isListedIn(network: string | undefined): Sql {
  return network === undefined
    ? sql`nid in (select room_nid from network_room)`
    : sql`nid in (select room_nid from network_room where network = ${network})`;
}
