import { sleep } from '../../../base/clock.ts';
import type { ServerName } from '../../../core/ids.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import { findStanding } from '../../outbound/destination.table.ts';
import type { Sender } from '../../outbound/sender.ts';
import { quoted } from '../words.ts';

const LONGEST_MS = 30_000;
const LOOK_MS = 200;

/** Has a server that fails tried now, and tells what came of it. */
export async function retryNow(
  { rooms, sender }: { readonly rooms: RoomsParts; readonly sender: Pick<Sender, 'tryNow'> },
  server: ServerName,
): Promise<string[]> {
  const { db, clock, nids } = rooms;
  const domainNid = await nids.domains.findOne(db, server);
  if (domainNid === undefined) return ['nothing is known against it'];
  const before = clock.now();
  await sender.tryNow(domainNid);
  for (const began = clock.monotonic(); clock.monotonic() - began < LONGEST_MS; await sleep(clock, LOOK_MS)) {
    const standing = await findStanding(db, domainNid);
    if (standing?.retry_at == null) return ['tried again: it takes what we send'];
    if ((standing.tried_at ?? 0) >= before && standing.tries > 0)
      return [`tried again: it failed (${quoted(standing.reason ?? '')})`];
  }
  return ['tried again: nothing has come of it yet'];
}
