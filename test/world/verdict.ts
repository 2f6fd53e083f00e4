import { canonicalJson } from '../../src/core/canonical-json.ts';
import { getObject, type JsonObject } from '../../src/core/json.ts';
import type { Ledger } from './ledger.ts';
import { type RoomFacts, roomFacts, unfinished } from './room-facts.table.ts';
import type { World } from './world.ts';

/** Messages that were acknowledged and are not on every server. */
export async function missingMessages(world: World, { roomId, messages }: Ledger): Promise<string[]> {
  const all = await facts(world, roomId);
  return [...all].flatMap(([name, { shown }]) =>
    messages.filter(id => !shown.has(id)).map(id => `${name} does not have the message ${id}`),
  );
}

/** Whatever has to be the same on all servers, and is not. */
export async function differences(world: World, { roomId, messages }: Ledger): Promise<string[]> {
  const all = [...(await facts(world, roomId))];
  const problems = all.flatMap(([name, { holes }]) => holes.map(id => `${name} still misses ${id}`));
  const [, first] = all[0]!;
  for (const [name, each] of all.slice(1)) problems.push(...otherThan(first, name, each, messages));
  const states = await Promise.all(world.users.map(user => world.during(stateOf(world, user, roomId))));
  for (const [at, state] of states.entries())
    for (const line of differing(states[0]!, state)) problems.push(`${world.servers[at]?.name}: ${line}`);
  return problems;
}

function otherThan(first: RoomFacts, name: string, each: RoomFacts, messages: readonly string[]): string[] {
  const problems: string[] = [];
  if (each.heads.join() !== first.heads.join())
    problems.push(`${name} has other heads: ${each.heads} and ${first.heads}`);
  for (const id of messages)
    if (each.redacted.has(id) !== first.redacted.has(id))
      problems.push(`${name} ${each.redacted.has(id) ? 'alone redacted' : 'alone did not redact'} ${id}`);
  for (const [user, id] of first.receipts)
    if (each.receipts.get(user) !== id)
      problems.push(`${name} has another receipt of ${user}: ${each.receipts.get(user)}, not ${id}`);
  return problems;
}

/** Devices that other servers do not know of, or still believe in. */
export async function strangeDevices(world: World): Promise<string[]> {
  const problems: string[] = [];
  for (const owner of world.users) {
    const own = await world.during(owner.devicesOf(owner.id));
    for (const other of world.users) {
      const known = other === owner ? own : await world.during(other.devicesOf(owner.id));
      if (devicesText(known) !== devicesText(own))
        problems.push(
          `${other.server.name} has the devices ${Object.keys(known)} of ${owner.id}, not ${Object.keys(own)}`,
        );
    }
  }
  return problems;
}

/** Without what is not signed. */
function devicesText(devices: JsonObject): string {
  const signed = Object.keys(devices).map(id => {
    const { unsigned: _, ...device } = getObject(devices, id) ?? {};
    return [id, device];
  });
  return canonicalJson(Object.fromEntries(signed));
}

/** What still waits somewhere. */
export async function leftovers(world: World): Promise<string[]> {
  const all = await Promise.all(world.servers.map(async ({ name, db }) => ({ name, rest: await unfinished(db) })));
  return all.flatMap(({ name, rest }) => rest.map(what => `${name} has ${what}`));
}

/** What clients were not shown, or twice. */
export function unseen(world: World, { roomId, messages, toDevice, doubtful, putBack }: Ledger): string[] {
  return world.users.flatMap(user => {
    const seen = user.seen.get(roomId) ?? [];
    const counts = new Map<string, number>();
    for (const id of seen) counts.set(id, (counts.get(id) ?? 0) + 1);
    const sent = toDevice.get(user) ?? [];
    return [
      ...messages.filter(id => !counts.has(id)).map(id => `${user.id} was never shown ${id}`),
      ...(putBack.has(user.server) ? [] : [...counts].filter(([, count]) => count > 1)).map(
        ([id, count]) => `${user.id} was shown ${id} ${count} times`,
      ),
      ...sent.filter(text => !user.received.includes(text)).map(text => `${user.id} never got "${text}"`),
      ...[...new Set(user.received)]
        .filter(text => !doubtful.has(text) && user.received.filter(other => other === text).length > 1)
        .map(text => `${user.id} got "${text}" more than once`),
    ];
  });
}

async function facts(world: World, roomId: string): Promise<Map<string, RoomFacts>> {
  const all = new Map<string, RoomFacts>();
  for (const server of world.servers) all.set(server.name, await roomFacts(server.db, roomId));
  return all;
}

async function stateOf(_world: World, user: World['users'][number], roomId: string): Promise<Map<string, string>> {
  const { status, body } = await user.call('GET', `/v3/rooms/${encodeURIComponent(roomId)}/state`);
  // Its members may still be coming.
  if (status !== 200) return new Map([['the state', canonicalJson(body)]]);
  const events = body as unknown as readonly JsonObject[];
  return new Map(
    events.map(event => [canonicalJson([event.type ?? '', event.state_key ?? '']), String(event.event_id)]),
  );
}

function differing(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...one.keys(), ...other.keys()])];
  return keys
    .filter(key => one.get(key) !== other.get(key))
    .map(key => `${key} is ${other.get(key)}, not ${one.get(key)}`);
}
