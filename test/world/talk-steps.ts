import { attempt, type Ledger } from './ledger.ts';
import type { World } from './world.ts';

/** How often a client repeats what was answered, because it did not hear the answer. */
const REPEATED = 0.15;

/** Messages one after the other. */
export async function say(world: World, ledger: Ledger): Promise<void> {
  const user = world.random.pick(world.users);
  const count = 1 + world.random.below(4);
  for (let at = 0; at < count; at++) {
    const [text, txn] = [`text ${world.count++}`, user.txn];
    const request = () => user.message(ledger.roomId, text, txn);
    let first: string | undefined;
    const note = ({ status, body }: { readonly status: number; readonly body: { readonly event_id?: unknown } }) => {
      if (status !== 200) return;
      const id = String(body.event_id);
      if (first !== undefined && id !== first)
        ledger.problems.push(`${user.id} sent "${text}" once and it is there twice`);
      if (first === undefined) ledger.messages.push(id);
      first ??= id;
    };
    await ledger.insist(world, user, request, note);
    if (world.random.chance(REPEATED)) await ledger.insist(world, user, request, note);
  }
}

export async function sendToDevice(world: World, ledger: Ledger): Promise<void> {
  const [from, to] = [world.random.pick(world.users), world.random.pick(world.users)];
  const [text, txn] = [`device ${world.count++}`, from.txn];
  const request = () => from.toDevice(to.id, text, txn);
  const note = ({ status }: { readonly status: number }) => {
    const sent = ledger.toDevice.get(to);
    if (status === 200 && sent?.includes(text) === false) sent.push(text);
  };
  await ledger.insist(world, from, request, note);
  if (world.random.chance(REPEATED)) await ledger.insist(world, from, request, note);
}

/** A user has read up to something that was shown. */
export async function read(world: World, { roomId }: Ledger): Promise<void> {
  const user = world.random.pick(world.users);
  const eventId = user.seen.get(roomId)?.at(-1 - world.random.below(3));
  if (eventId !== undefined) await attempt(world, user, () => user.read(roomId, eventId));
}

/** Every client whose server is there looks what is new. */
export async function syncAll(world: World): Promise<void> {
  for (const user of world.users) {
    if (!user.server.isRunning) continue;
    await world.during(user.sync()).catch(error => {
      // A server that crashed meanwhile answers nobody.
      if (user.server.isRunning) throw error;
    });
  }
}

/** Everybody reads what was said last, and the others learn it. */
export async function readToTheEnd(world: World, { roomId, messages }: Ledger): Promise<void> {
  const last = messages.at(-1);
  if (last !== undefined) for (const user of world.users) await attempt(world, user, () => user.read(roomId, last));
}
