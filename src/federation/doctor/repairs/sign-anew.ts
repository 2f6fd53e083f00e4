import type { Event } from '../../../core/event.ts';
import { canonicalText } from '../../../core/hashes.ts';
import { addSignature } from '../../../core/signatures.ts';
import { replaceText } from '../../../rooms/events.table.ts';
import type { RoomsParts } from '../../../rooms/parts.ts';
import type { PublishedKeys } from '../../keys/published-keys.ts';
import { ownEventsAfter } from '../doctor.table.ts';
import { keysOn } from '../gather/event-keys.ts';
import { countText } from '../words.ts';

interface SigningParts {
  readonly rooms: RoomsParts;
  readonly published: Pick<PublishedKeys, 'keys'>;
}

const BATCH = 200;
/** What is not done by then is done the next time. */
const LONGEST_MS = 60_000;

/**
 * Adds a signature by the key of now to our own events that nobody can check with what we publish. An event stays the same
 * by that: signatures are no part of its ID.
 */
export async function signAnew(parts: SigningParts, signal: AbortSignal): Promise<string[]> {
  const { rooms } = parts;
  const began = rooms.clock.monotonic();
  let signed = 0;
  for (let after = 0; ; ) {
    const nids = await ownEventsAfter(rooms.db, after, BATCH);
    const last = nids.at(-1);
    if (last === undefined) return [`signed ${countText(signed, 'event')} of ours anew`];
    signed += await signBatch(parts, nids);
    after = last;
    if (signal.aborted || rooms.clock.monotonic() - began > LONGEST_MS)
      return [`signed ${countText(signed, 'event')} of ours anew; more are left: do it again`];
  }
}

async function signBatch({ rooms, published: { keys } }: SigningParts, nids: readonly number[]): Promise<number> {
  return rooms.db.tx(async tx => {
    const stored = [...(await rooms.events.byNids(tx, nids)).values()];
    const bad = stored.filter(({ event }) => !keysOn(event, rooms, keys).some(({ fits }) => fits === true));
    let signed = 0;
    for (const { nid, event } of bad)
      if (await replaceText(tx, nid, canonicalText(event.pdu, event.version), textOf(rooms, event))) signed++;
    if (bad.length > 0)
      rooms.events.forgetAtCommit(
        tx,
        bad.map(({ nid }) => nid),
      );
    return signed;
  });
}

function textOf({ serverName, signingKey }: RoomsParts, event: Event): string {
  return canonicalText(addSignature(event, serverName, signingKey), event.version);
}
