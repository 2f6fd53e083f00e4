import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import type { ClientProcess } from './client-process.ts';
import { type Stage, userId } from './stage.ts';

/** A room of two whose clients follow each other's keys, as clients do where they share an encrypted room. Its ID. */
export async function encryptedRoom(host: ClientProcess, guest: ClientProcess, guestId: string): Promise<string> {
  const roomId = await host.do('createEncryptedRoom', { invite: [guestId], is_direct: true });
  await eventually(async () => assert.equal((await guest.do('room', roomId))?.membership, 'invite'));
  await guest.do('join', roomId);
  await eventually(async () => assert.equal((await host.do('members', roomId))[guestId]?.membership, 'join'));
  return roomId;
}

/** New users `alice` and `bob` in such a room, with encryption. */
export async function encryptedPair(stage: Stage) {
  const options = { encryption: true };
  const [alice, bob] = await Promise.all([stage.newUser('alice', options), stage.newUser('bob', options)]);
  return { alice, bob, roomId: await encryptedRoom(alice, bob, userId('bob')) };
}
