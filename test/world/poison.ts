import { nodeCrypto, signingKeyFromSeed } from '../../src/base/node-crypto.ts';
import type { Identity } from '../../src/core/identity.ts';
import type { ServerName } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { type RoomVersion, roomVersion } from '../../src/core/room-versions.ts';
import { signEvent } from '../../src/core/signatures.ts';
import { signRequest } from '../../src/core/xmatrix.ts';
import type { Ledger } from './ledger.ts';
import { newestEvent } from './room-facts.table.ts';
import type { World } from './world.ts';

interface Model {
  readonly identity: Identity;
  readonly version: RoomVersion;
  /** An event of the room, without what makes it this one. */
  readonly event: JsonObject;
  readonly sender: string;
  /** A number that was not there before. */
  readonly count: () => number;
}

type Poison = (model: Model) => Json;

const TOO_LARGE = 70_000;

/** Events as no server should send them. Nothing may come of any but the first. */
const POISONS: readonly Poison[] = [
  // A proper one, but the others are not told of it: they have to find it.
  model => signed(model, { body: `only here ${model.count()}` }),
  model => ({ ...signed(model, { body: `of a strange key ${model.count()}` }, stranger(model.identity)) }),
  model => ({ ...signed(model, { body: `too deep ${model.count()}` }), depth: model.count() }),
  model =>
    signed({ ...model, sender: `@nobody:${model.identity.serverName}` }, { body: `not a member ${model.count()}` }),
  model => signed({ ...model, event: { ...model.event, prev_events: [] } }, { body: `from nowhere ${model.count()}` }),
  model =>
    signed({ ...model, event: { ...model.event, auth_events: [] } }, { body: `by nobody's leave ${model.count()}` }),
  model => signed(model, { body: `${model.count()}`.padEnd(TOO_LARGE, 'x') }),
  model =>
    signed({ ...model, event: { ...model.event, room_id: '!elsewhere:a.example' } }, { body: `lost ${model.count()}` }),
  model => ({ ...signed(model, { body: `unsigned ${model.count()}` }), signatures: [] }),
  () => ({ type: 'm.room.message' }),
  () => 5,
];

/** One server sends another some poison, and a proper event among it that nobody else is told of. */
export async function poison(world: World, { roomId }: Ledger): Promise<void> {
  const [from, to] = [world.random.pick(world.servers), world.random.pick(world.servers)];
  const user = world.users.find(each => each.server === from);
  if (from === to || !from.isRunning || user === undefined) return;
  const newest = await newestEvent(from.db, roomId);
  if (newest === undefined) return;
  const { hashes: _, signatures: __, unsigned: ___, event_id: ____, ...event } = newest.event;
  const version = roomVersion(newest.version);
  if (version === undefined) throw new RangeError(`there is no room version ${newest.version}`);
  const model = { identity: from.identity, version, event, sender: user.id, count: () => world.count++ };
  const count = 1 + world.random.below(4);
  const pdus = Array.from({ length: count }, () => world.random.pick(POISONS)(model));
  await send(world, from.identity, to.name, pdus);
}

function signed(model: Model, content: JsonObject, identity = model.identity): JsonObject {
  const { version, sender } = model;
  const { state_key: _, redacts: __, ...event } = model.event;
  const pdu = { ...event, type: 'm.room.message', sender, content: { msgtype: 'm.text', ...content } };
  return signEvent(pdu, version, identity.serverName, identity.signingKey, nodeCrypto);
}

/** The same key ID, another key. */
function stranger({ serverName, signingKey }: Identity): Identity {
  const other = signingKeyFromSeed(signingKey.keyId, new Uint8Array(32).fill(1));
  return { serverName, signingKey: other, crypto: nodeCrypto };
}

async function send(world: World, from: Identity, to: string, pdus: readonly Json[]): Promise<void> {
  const method = 'PUT';
  const uri = `/_matrix/federation/v1/send/poison${world.count++}`;
  const content = { origin: from.serverName, origin_server_ts: Math.floor(world.time.now), pdus: [...pdus] };
  const authorization = signRequest(
    { method, uri, origin: from.serverName, destination: to, content },
    from.signingKey,
  );
  const headers = { authorization, 'content-type': 'application/json' };
  const body = Buffer.from(JSON.stringify(content));
  const patience = new AbortController();
  const carry = world.network.carryFor(from.serverName, patience.signal);
  const sending = carry(
    to as ServerName,
    { method, uri, headers, body, onConnected: () => undefined },
    patience.signal,
  );
  await Promise.race([sending.catch(() => undefined), world.pass(60_000)]);
  patience.abort();
}
