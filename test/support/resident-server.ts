import type { TestContext } from 'node:test';
import { nodeCrypto } from '../../src/base/node-crypto.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName, UserId } from '../../src/core/ids.ts';
import { getObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { type RoomVersion, roomVersion } from '../../src/core/room-versions.ts';
import type { ServerKeys } from '../../src/core/server-keys.ts';
import { signEvent } from '../../src/core/signatures.ts';
import type { Database } from '../../src/db/database.ts';
import { CheckedEvents, readPdu } from '../../src/federation/events/checked-events.ts';
import { FoundKeys } from '../../src/federation/keys/key-ring.ts';
import { exchangeInvite } from '../../src/federation/membership/bound-invites.ts';
import { UnreachableError } from '../../src/federation/transport/errors.ts';
import type { FederationRequest, StreamedAnswer } from '../../src/federation/transport/federation-client.ts';
import { membershipRoutes } from '../../src/http/federation/membership/routes.ts';
import { roomEventsRoutes } from '../../src/http/federation/rooms/routes.ts';
import type { RoomsParts } from '../../src/rooms/parts.ts';
import type { Room } from '../../src/rooms/room.ts';
import { identityOf } from './federation.ts';
import { membershipsOn } from './memberships.ts';
import { roomsOn } from './rooms.ts';
import { federationServer } from './signed-requests.ts';

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

const FEDERATION = '/_matrix/federation';

/** A key ring that has the keys of some servers and asks nobody. */
export function keysOf(...identities: readonly Pick<Identity, 'serverName' | 'signingKey'>[]) {
  const known = new Map<ServerName, ServerKeys>(
    identities.map(({ serverName, signingKey: { keyId, publicKey } }) => [
      serverName,
      new Map([[keyId, { publicKey, validUntilTs: Number.MAX_SAFE_INTEGER, current: true }]]),
    ]),
  );
  return { keysFor: async () => new FoundKeys(known) };
}

/** A server whose rooms another one, `two.example`, wants to bring its users into. */
export class ResidentServer {
  readonly rooms: RoomsParts;
  readonly visitor = identityOf('two.example', 2, 'ed25519:two');
  readonly stranger = identityOf('three.example', 3, 'ed25519:three');
  /** What other servers answer: unless told otherwise the visitor signs invites, and nobody else is there. */
  others: (server: ServerName, request: FederationRequest) => Json = (server, request) => {
    const invite = getObject(request.body ?? {}, 'event');
    const version = roomVersion(String(request.body?.room_version));
    if (server !== this.visitor.serverName || invite === undefined || version === undefined)
      throw new UnreachableError(server, 'connect', 'nobody is there');
    const { serverName, signingKey } = this.visitor;
    return { event: signEvent(invite, version, serverName, signingKey, nodeCrypto) };
  };
  /** Users for whom an invite came. */
  readonly admitted: UserId[] = [];
  /** Versions of rooms that nobody could come into, with the servers that named them. */
  readonly unknownVersions: string[] = [];
  readonly #app;

  constructor(t: TestContext, db: Database) {
    const rooms = roomsOn(db);
    const keyRing = keysOf(rooms, this.visitor, this.stranger);
    const checked = new CheckedEvents({ crypto: nodeCrypto, keyRing });
    const client = {
      request: async (server: ServerName, request: FederationRequest) => this.others(server, request),
      stream: async (server: ServerName, request: FederationRequest) => streamed(this.others(server, request)),
    };
    const { memberships } = membershipsOn(() => this.rooms, checked, client);
    this.rooms = { ...rooms, memberships };
    const guard = { admit: async (_origin: ServerName, target: UserId) => void this.admitted.push(target) };
    const routes = [
      ...membershipRoutes({
        rooms: this.rooms,
        checked,
        guard,
        noteVersion: (server, { what, version }) =>
          void this.unknownVersions.push(`${what} by ${server}: version ${version}`),
        memberships,
        exchange: (server, roomId, body) => exchangeInvite(client, server, roomId, body),
      }),
      ...roomEventsRoutes({ rooms: this.rooms }),
    ];
    // Who asks stands in the header: signatures over requests are tested elsewhere.
    const authenticate = async (
      { authorization }: { readonly authorization: readonly string[] },
      body: () => unknown,
    ) => {
      body();
      return authorization[0] as ServerName;
    };
    this.#app = federationServer(t, routes, request => authenticate(request, request.body)).app;
  }

  async call(method: 'GET' | 'PUT' | 'POST', path: string, body?: JsonObject, origin = 'two.example'): Promise<Answer> {
    const response = await this.#app.inject({
      method,
      url: `${FEDERATION}${path}`,
      headers: { authorization: origin, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: response.json() as JsonObject };
  }

  /** `make_join` and its like. */
  template(membership: string, room: Pick<Room, 'roomId' | 'version'>, user: string, origin?: string): Promise<Answer> {
    const path = `/v1/make_${membership}/${encodeURIComponent(room.roomId)}/${encodeURIComponent(user)}`;
    return this.call('GET', `${path}?ver=${room.version.id}&ver=x`, undefined, origin);
  }

  /** The event of a template that must be given. */
  async proposed(membership: string, room: Room, user: UserId): Promise<JsonObject> {
    const { status, body } = await this.template(membership, room, user);
    const event = getObject(body, 'event');
    if (status !== 200 || event === undefined) throw new RangeError(JSON.stringify(body));
    return event;
  }

  /** Signs an event as the visitor, with `more` in it. */
  sign(room: Room, event: JsonObject, more: JsonObject = {}, by: Identity = this.visitor): JsonObject {
    const { origin: _, ...fields } = { ...event, ...more };
    const id = room.version.eventIds === 'chosen' ? { event_id: `$${this.#made++}:two.example` } : {};
    return signEvent({ ...fields, ...id }, room.version, by.serverName, by.signingKey, nodeCrypto);
  }
  #made = 0;

  /** `send_join` and its like, under the event's own ID. */
  send(endpoint: string, room: Room, pdu: JsonObject, query = '', origin?: string): Promise<Answer> {
    const id = encodeURIComponent(idOf(pdu, room.version));
    return this.call('PUT', `${endpoint}/${encodeURIComponent(room.roomId)}/${id}${query}`, pdu, origin);
  }

  /** Brings a user in. */
  async join(room: Room, user: UserId, query = ''): Promise<Answer> {
    return this.send('/v2/send_join', room, this.sign(room, await this.proposed('join', room, user)), query);
  }
}

function streamed(json: Json): StreamedAnswer {
  return {
    status: 200,
    header: () => undefined,
    body: (async function* () {
      yield Buffer.from(JSON.stringify(json));
    })(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function idOf(pdu: JsonObject, version: RoomVersion | string): string {
  const known = typeof version === 'string' ? roomVersion(version) : version;
  const read = readPdu(pdu, known!, nodeCrypto);
  if (read instanceof Error) throw read;
  return read.id;
}
