import type { JsonObject } from '../../src/core/json.ts';
import { attempt, type Ledger } from './ledger.ts';
import type { World } from './world.ts';

export async function setState(world: World, { roomId }: Ledger): Promise<void> {
  const user = world.random.pick(world.users);
  const type = world.random.pick(['m.room.topic', 'm.room.name', 'org.example.state']);
  await attempt(world, user, () => user.state(roomId, type, '', { topic: `${world.count}`, name: `${world.count++}` }));
}

/** One user takes or gives the right to say something that few say; what users may otherwise do stays. */
export async function changeLevels(world: World, { roomId }: Ledger): Promise<void> {
  const user = world.random.pick(world.users);
  await attempt(world, user, async () => {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/state/m.room.power_levels/`;
    const { status, body } = await user.call('GET', path);
    if (status !== 200) return { status, body };
    const events = { ...(body.events as JsonObject), 'org.example.state': world.random.pick([0, 50, 100]) };
    return user.state(roomId, 'm.room.power_levels', '', { ...body, events });
  });
}

/**
 * Who may come in. A rule that is made beside somebody's join, without knowing of it, may undo the join (rooms of
 * version 2 and later resolve rules before members), so all have to have seen everybody come, and who makes it has to have
 * what others said before they had. Restricted rooms let those in who are in the room itself already, so others need an invite.
 */
export async function changeRules(world: World, ledger: Ledger): Promise<void> {
  if (!(await ledger.isEverybodyKnown(world))) return;
  const { roomId } = ledger;
  const user = world.random.pick(world.users);
  const join_rule = world.random.pick(['public', 'public', 'invite', 'knock', 'restricted']);
  const allow = [{ type: 'm.room_membership', room_id: roomId }];
  if (await ledger.hasCaughtUp(user.server))
    await attempt(world, user, () => user.state(roomId, 'm.room.join_rules', '', { join_rule, allow }));
}

export async function guestMoves(world: World, { roomId }: Ledger): Promise<void> {
  const guest = world.random.pick(world.guests);
  const user = world.random.pick(world.users);
  const via = world.random.pick(world.servers).name;
  const move = world.random.pick(['join', 'join', 'leave', 'kick', 'ban', 'unban'] as const);
  if (move === 'join') await attempt(world, guest, () => guest.join(roomId, via));
  else if (move === 'leave') await attempt(world, guest, () => guest.membership(roomId, 'leave'));
  else await attempt(world, user, () => user.membership(roomId, move, guest.id));
}

/** A guest knocks and is let in, or is invited; then it comes, or not. */
export async function askIn(world: World, { roomId }: Ledger): Promise<void> {
  const guest = world.random.pick(world.guests);
  const user = world.random.pick(world.users);
  const via = world.random.pick(world.servers).name;
  if (world.random.chance(0.5)) await attempt(world, guest, () => guest.knock(roomId, via));
  await attempt(world, user, () => user.membership(roomId, 'invite', guest.id));
  if (world.random.chance(0.7)) await attempt(world, guest, () => guest.join(roomId, via));
}

export async function redact(world: World, { roomId, messages }: Ledger): Promise<void> {
  if (messages.length === 0) return;
  const user = world.random.pick(world.users);
  const eventId = world.random.pick(messages);
  await attempt(world, user, () => user.redact(roomId, eventId));
}
