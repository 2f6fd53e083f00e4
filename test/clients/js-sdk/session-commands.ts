import { AuthType, ClientEvent, MatrixError, SyncState } from 'matrix-js-sdk';
import { SlidingSync } from 'matrix-js-sdk/lib/sliding-sync.js';
import type { Device } from './device.ts';

export interface StartOptions {
  readonly encryption?: boolean;
  /** How many messages of each room the first sync brings. */
  readonly initialSyncLimit?: number;
  /** By sliding sync, with a list of so many rooms. */
  readonly slidingRooms?: number;
}

/** As Element Web asks for rooms. */
const REQUIRED_STATE = [
  ['m.room.join_rules', ''],
  ['m.room.avatar', ''],
  ['m.room.canonical_alias', ''],
  ['m.room.tombstone', ''],
  ['m.room.encryption', ''],
  ['m.room.create', ''],
  ['m.room.name', ''],
  ['m.room.power_levels', ''],
  ['m.space.child', '*'],
  ['m.space.parent', '*'],
  ['m.room.member', '$ME'],
  ['m.room.member', '$LAZY'],
];
/** How long the server may wait, in milliseconds. */
const POLL_MS = 20_000;

function slidingSync({ baseUrl, client }: Device, rooms: number): SlidingSync {
  const room = { timeline_limit: 20, required_state: REQUIRED_STATE };
  const list = { ...room, ranges: [[0, rooms - 1]], filters: {} };
  return new SlidingSync(baseUrl, new Map([['rooms', list]]), room, client, POLL_MS);
}

/** Registering, logging in and out, and starting to sync. */
export const sessionCommands = (device: Device) => ({
  /** Registers as a client does that is told the stages first. */
  async register(username: string, password: string) {
    const { flows, session } = await challengeOf(device.client.registerRequest({ username, password }));
    const auth = { type: AuthType.Dummy, session };
    const answer = await device.client.registerRequest({ username, password, auth });
    take(device, answer);
    return { flows, userId: answer.user_id };
  },

  async logIn(username: string, password: string) {
    const answer = await device.client.loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: username },
      password,
    });
    take(device, answer);
    return { userId: answer.user_id, deviceId: answer.device_id };
  },

  /** Resolves after the first sync. */
  async start({ encryption = false, initialSyncLimit = 20, slidingRooms }: StartOptions = {}) {
    const { client } = device;
    if (encryption) await client.initRustCrypto({ useIndexedDB: false });
    const prepared = new Promise<void>((resolve, reject) => {
      client.on(ClientEvent.Sync, (state, _previous, data) => {
        if (state === SyncState.Prepared) resolve();
        if (state === SyncState.Error) reject(data?.error ?? new Error('The sync failed.'));
      });
    });
    const sliding = slidingRooms === undefined ? {} : { slidingSync: slidingSync(device, slidingRooms) };
    await client.startClient({ initialSyncLimit, threadSupport: true, lazyLoadMembers: true, ...sliding });
    await prepared;
  },

  whoami: () => device.client.whoami(),

  async devices() {
    const { devices } = await device.client.getDevices();
    return devices.map(({ device_id }) => device_id);
  },

  accessToken: () => device.client.getAccessToken() ?? '',

  async logOut() {
    await device.client.logout(true);
  },

  /** Ends the syncing; the session stays. */
  stop() {
    device.client.stopClient();
  },
});

function take(device: Device, answer: { user_id: string; device_id?: string; access_token?: string }): void {
  const { user_id: userId, device_id: deviceId, access_token: accessToken } = answer;
  if (deviceId === undefined || accessToken === undefined) throw new Error('The answer brings no session.');
  device.take({ userId, deviceId, accessToken });
}

/** The 401 with which user-interactive authentication begins. */
async function challengeOf(request: Promise<unknown>): Promise<{ flows: string[][]; session: string }> {
  try {
    await request;
  } catch (error) {
    if (error instanceof MatrixError && error.httpStatus === 401) {
      const { flows, session } = error.data as { flows: { stages: string[] }[]; session: string };
      return { flows: flows.map(({ stages }) => stages), session };
    }
    throw error;
  }
  throw new Error('No authentication was asked for.');
}
