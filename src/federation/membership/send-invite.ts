import type { EventCrypto } from '../../core/crypto.ts';
import { type Event, EventError } from '../../core/event.ts';
import { domainOf, type ServerName, type UserId } from '../../core/ids.ts';
import { getObject, isObject, type Json, type JsonObject } from '../../core/json.ts';
import { type CheckedEvents, readPdu } from '../events/checked-events.ts';
import { RefusedError } from '../transport/errors.ts';
import type { FederationClient } from '../transport/federation-client.ts';
import { path } from '../transport/request-target.ts';
import { BadAnswerError } from './remote-error.ts';

export interface SendInviteParts {
  readonly client: Pick<FederationClient, 'request'>;
  readonly checked: CheckedEvents;
  readonly crypto: EventCrypto;
}

/**
 * Has an invite signed by the invited user's server (server-server API, `PUT /v2/invite`). Of its answer only the
 * signature is taken. @throws UnreachableError, RefusedError, BadAnswerError
 */
export async function sendInvite(parts: SendInviteParts, invite: Event, told: readonly Event[]): Promise<Event> {
  const server = domainOf(invite.stateKey as UserId);
  const answer = await ask(parts, server, invite, told);
  const theirs = getObject(getObject(answer ?? {}, 'signatures') ?? {}, server);
  if (theirs === undefined) throw new BadAnswerError(server, 'the invite has not been signed');
  const pdu = { ...invite.pdu, signatures: { ...invite.pdu.signatures, [server]: theirs } };
  const signed = readPdu(pdu, invite.version, parts.crypto);
  const [verdict] = signed instanceof EventError ? [] : await parts.checked.verify([signed], { alsoBy: server });
  if (verdict?.outcome !== 'good') throw new BadAnswerError(server, verdict?.reason ?? 'its signatures are too long');
  return verdict.event;
}

/** The event of the answer. Servers that are old enough for the first version know room versions 1 and 2 only. */
async function ask(
  { client }: SendInviteParts,
  server: ServerName,
  { id, roomId, pdu, version }: Event,
  told: readonly Event[],
): Promise<JsonObject | undefined> {
  const state: Json[] = told.map(event => event.pdu);
  try {
    const body = { room_version: version.id, event: pdu, invite_room_state: state };
    const answer = await client.request(server, {
      method: 'PUT',
      path: path`/_matrix/federation/v2/invite/${roomId}/${id}`,
      body,
    });
    return isObject(answer) ? getObject(answer, 'event') : undefined;
  } catch (error) {
    if (!(error instanceof RefusedError) || !version.referencesArePairs || ![400, 404].includes(error.status))
      throw error;
    const answer = await client.request(server, {
      method: 'PUT',
      path: path`/_matrix/federation/v1/invite/${roomId}/${id}`,
      body: { ...pdu, unsigned: { invite_room_state: state } },
    });
    const [, second] = Array.isArray(answer) ? answer : [];
    return isObject(second) ? getObject(second, 'event') : undefined;
  }
}
