import type { TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { LocalBus } from '../../src/bus/bus.ts';
import type { UserId } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Database } from '../../src/db/database.ts';
import type { NotificationRow } from '../../src/push/notifications.table.ts';
import { Notifications } from '../../src/push/notifications.ts';
import type { PushEvents } from '../../src/push/ports.ts';
import { PushRules } from '../../src/push/push-rules.ts';
import { Pushers } from '../../src/push/pushers.ts';
import { Nids } from '../../src/rooms/nids.table.ts';
import { testBudget } from './budget.ts';

export interface PushUser {
  readonly userId: UserId;
  readonly userNid: number;
  readonly deviceId: string;
}

/** The push part on a database, with users to play with. */
export class PushWorld {
  readonly db: Database;
  readonly nids = new Nids(testBudget());
  readonly bus = new LocalBus(error => {
    throw error;
  });
  readonly pushRules: PushRules;
  readonly pushers: Pushers;
  readonly notifications: Notifications;

  constructor(db: Database) {
    this.db = db;
    this.pushRules = new PushRules({ db, bus: this.bus });
    this.pushers = new Pushers({ db, clock: systemClock });
    this.notifications = new Notifications({ bus: this.bus, clock: systemClock });
  }

  async user(name: string): Promise<PushUser> {
    const userId = `@${name}:a.example` as UserId;
    const userNid = await this.db.tx(tx => this.nids.users.internOne(tx, userId));
    return { userId, userNid, deviceId: `${name}-phone` };
  }

  /** Notifies a user of event `eventNid` at position `eventNid` of room 1. */
  async notify(user: PushUser, eventNid: number, more: Partial<NotificationRow> = {}): Promise<void> {
    const row = { userNid: user.userNid, roomNid: 1, pos: eventNid, eventNid, thread: 'main', highlight: false };
    await this.db.tx(tx =>
      this.notifications.add(tx, [{ ...row, actions: '["notify"]', ts: eventNid * 1000, ...more }]),
    );
  }
}

/** A pusher's settings as a client sends them. */
export function pusherBody(more: JsonObject = {}): JsonObject {
  return {
    kind: 'http',
    app_id: 'org.example.app',
    pushkey: 'key',
    app_display_name: 'App',
    device_display_name: 'Phone',
    lang: 'en',
    data: { url: 'https://gateway.example/_matrix/push/v1/notify', format: 'event_id_only', custom: 1 },
    ...more,
  };
}

/** Events that hold nothing but their number. Those above 1000 are gone. */
export const numberedEvents: PushEvents = {
  async forGateway(_db, _userNid, roomNid, eventNid) {
    if (eventNid > 1000) return undefined;
    return {
      eventId: `$${eventNid}`,
      roomId: `!room${roomNid}:a.example`,
      type: 'm.room.message',
      sender: '@alice:a.example',
      content: { body: `event ${eventNid}` },
      stateKey: undefined,
      senderDisplayName: 'Alice',
      roomName: 'Room',
      roomAlias: undefined,
    };
  },
  async forClient(_db, _userNid, eventNids) {
    const known = eventNids.filter(nid => nid <= 1000);
    return new Map(known.map(nid => [nid, { roomId: '!room1:a.example', event: { event_id: `$${nid}` } }]));
  },
};

/** Waits until `holds` does, at most a minute. */
export async function until(t: TestContext, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    if (await holds()) return;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  t.assert.fail('it did not happen within a minute');
}
