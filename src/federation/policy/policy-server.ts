import type { EventCrypto } from '../../core/crypto.ts';
import { type Event, EventError } from '../../core/event.ts';
import { getObject, getString, isObject, type Json } from '../../core/json.ts';
import { forbidden, MatrixError } from '../../core/matrix-error.ts';
import { verifyEventSignature } from '../../core/signatures.ts';
import type { PolicySigner, RoomPolicy } from '../../rooms/ports.ts';
import { POLICY_KEY_ID } from '../../rooms/room-policy.ts';
import { readPdu } from '../events/checked-events.ts';
import { remoteError } from '../membership/remote-error.ts';
import { RefusedError } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';

/** A client waits for the answer. */
const TIMEOUT_MS = 10_000;
const LONGEST_SIGNATURE = 100;

export interface PolicyServersParts {
  readonly client: Pick<FederationClient, 'request'>;
  readonly crypto: EventCrypto;
}

/** Asks policy servers for their signatures (server-server API, `POST /_matrix/policy/v1/sign`). */
export class PolicyServers implements PolicySigner {
  readonly #parts: PolicyServersParts;

  constructor(parts: PolicyServersParts) {
    this.#parts = parts;
  }

  async sign(event: Event, policy: RoomPolicy): Promise<Event> {
    const { server, publicKey } = policy;
    const signature = signatureIn(await this.#ask(event, policy), server);
    const signed = signature === undefined ? undefined : withSignature(event, server, signature, this.#parts.crypto);
    if (signed === undefined || !verifyEventSignature(signed, server, POLICY_KEY_ID, publicKey, this.#parts.crypto))
      throw forbidden(
        `The room's policy server ${server} has not signed the event with the key that the room has of it.`,
      );
    return signed;
  }

  async #ask(event: Event, { server }: RoomPolicy): Promise<Json> {
    try {
      return await this.#parts.client.request(server, {
        method: 'POST',
        path: '/_matrix/policy/v1/sign',
        body: event.pdu,
        timeoutMs: TIMEOUT_MS,
      });
    } catch (error) {
      throw refusalOf(error) ?? error;
    }
  }
}

/**
 * Whatever it refuses with, it does not want the event. That it forbids it is told as it said it; no other code is, since
 * clients would take those for something about themselves, such as their token. That it asks for patience is passed on.
 */
function refusalOf(error: unknown): MatrixError | undefined {
  const isRefusal = error instanceof RefusedError && error.status < 500 && error.status !== 429;
  if (!isRefusal) return remoteError(error);
  const words = getString(error.body, 'error') ?? "The room's policy server does not want this event.";
  if (error.errcode !== 'M_FORBIDDEN') return forbidden(words);
  // The two statuses that go with it there.
  return new MatrixError('M_FORBIDDEN', words, { status: error.status === 400 ? 400 : 403, fields: error.body });
}

function signatureIn(answer: Json, server: string): string | undefined {
  const theirs = isObject(answer) ? getObject(answer, server) : undefined;
  const signature = getString(theirs ?? {}, POLICY_KEY_ID);
  return signature === undefined || signature.length > LONGEST_SIGNATURE ? undefined : signature;
}

/** The policy server may be the sender's own: what that has signed stays. */
function withSignature(event: Event, server: string, signature: string, crypto: EventCrypto): Event | undefined {
  const { signatures } = event.pdu;
  const theirs = { ...getObject(signatures, server), [POLICY_KEY_ID]: signature };
  const signed = readPdu({ ...event.pdu, signatures: { ...signatures, [server]: theirs } }, event.version, crypto);
  return signed instanceof EventError ? undefined : signed;
}
