import type { ServerName } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { Allowances } from '../../inbound/allowances.ts';

/** Lets a server send and ask more for some hours, where nothing speaks against it. */
export async function raiseLimit(rooms: RoomsParts, server: ServerName): Promise<string[]> {
  const domainNid = await rooms.nids.domains.findOne(rooms.db, server);
  if (domainNid === undefined) return ['nobody here has heard of it'];
  const allowances = new Allowances(rooms);
  const hindrance = await allowances.hindrance(domainNid);
  if (hindrance !== undefined) return [`our limits for it stay as they are: ${hindrance}`];
  const factor = await allowances.raise(domainNid);
  return [
    `our limits for it are ${factor} times those of others for six hours: ${await allowances.events(domainNid)} events may wait`,
  ];
}
