import { decodeBase64, decodeBase64Url } from '../core/base64.ts';
import type { Event } from '../core/event.ts';
import type { ServerName } from '../core/ids.ts';
import { getObject, getString } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import { verifyEventSignature } from '../core/signatures.ts';
import type { Queryable, Tx } from '../db/database.ts';
import type { RoomsParts } from './parts.ts';
import type { RoomPolicy } from './ports.ts';
import type { Room } from './room.ts';
import { isServerIn } from './room-domains.table.ts';
import type { Root } from './state-tree/state-trees.ts';

/** Its key has this name in every room. */
export const POLICY_KEY_ID = 'ed25519:policy_server';

/** So the reason begins for which an event is soft-failed that it does not want. */
export const UNWANTED = 'the policy server does not want it';

const POLICY_TYPE = 'm.room.policy';

/** The policy server by the room's state now. Undefined where it names none, or one without a joined user. */
export async function roomPolicy(
  { state, nids }: RoomsParts,
  db: Queryable,
  room: Room,
  now: Root,
): Promise<RoomPolicy | undefined> {
  const content = (await state.event(db, room, now, POLICY_TYPE))?.content ?? {};
  const server = getString(content, 'via') as ServerName | undefined;
  const key = getString(getObject(content, 'public_keys') ?? {}, 'ed25519');
  if (server === undefined || key === undefined) return undefined;
  const domainNid = await nids.domains.findOne(db, server);
  const isThere = domainNid !== undefined && (await isServerIn(db, room.nid, domainNid));
  return isThere ? { server, publicKey: keyBytes(key) } : undefined;
}

/** Any text is a key: one that is none verifies nothing, and the room uses its policy server all the same. */
function keyBytes(text: string): Uint8Array {
  return decodeBase64(text) ?? decodeBase64Url(text) ?? new Uint8Array();
}

/** Everything is signed by the policy server but what names it. */
export function needsPolicy({ type, stateKey }: { readonly type: string; readonly stateKey?: string | undefined }) {
  return type !== POLICY_TYPE || stateKey !== '';
}

export function isSignedBy({ server, publicKey }: RoomPolicy, event: Event, { crypto }: RoomsParts): boolean {
  return verifyEventSignature(event, server, POLICY_KEY_ID, publicKey, crypto);
}

/** A local user's event, made and found allowed, waits for the room's policy server; nothing was stored. */
export class UnsignedError extends MatrixError {
  readonly event: Event;
  readonly policy: RoomPolicy;

  constructor(event: Event, policy: RoomPolicy) {
    super('M_FORBIDDEN', "The room's policy server has not signed the event.");
    this.name = 'UnsignedError';
    this.event = event;
    this.policy = policy;
  }
}

const signedEvents = new WeakMap<Tx, Event[]>();

/** Events that the policy server has signed since the transaction was first tried, in the order in which it makes them. */
export function offerSigned(tx: Tx, events: readonly Event[]): void {
  signedEvents.set(tx, [...events]);
}

/** The next event of a transaction as it was made and signed when it was tried before. */
export function takeSigned(tx: Tx): Event | undefined {
  return signedEvents.get(tx)?.shift();
}
