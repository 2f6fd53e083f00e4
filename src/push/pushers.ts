import type { Clock } from '../base/clock.ts';
import type { JsonObject } from '../core/json.ts';
import { MatrixError } from '../core/matrix-error.ts';
import type { Database, Tx } from '../db/database.ts';
import { parsePusher, parsePusherKey } from './pusher-input.ts';
import {
  countPushers,
  deletePushers,
  findPusher,
  type Pusher,
  pushersOf,
  pushersOfDevices,
  pushersOfOthers,
  writePusher,
} from './pushers.table.ts';

/** Pushers that one user may have. */
const MOST_PUSHERS = 50;

/** Who sets a pusher. A `Requester` is one. */
export interface PusherOwner {
  readonly userNid: number;
  readonly deviceId: string | undefined;
}

/** A user's pushers: where notifications go. */
export class Pushers {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(parts: { readonly db: Database; readonly clock: Clock }) {
    this.#db = parts.db;
    this.#clock = parts.clock;
  }

  /** The user's pushers as clients see them (getPushers). */
  async list(userNid: number): Promise<JsonObject[]> {
    return (await pushersOf(this.#db, userNid)).map(shown);
  }

  /**
   * Makes, changes or (`kind: null`) deletes a pusher (postPusher). It belongs to the device that sets it last.
   * @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM, M_TOO_LARGE
   */
  async set(owner: PusherOwner, body: JsonObject): Promise<void> {
    if (body.kind === undefined) throw new MatrixError('M_MISSING_PARAM', 'Missing parameters: kind');
    if (body.kind === null) return this.#remove(owner.userNid, body);
    const pusher = parsePusher(body);
    await this.#db.tx(async tx => {
      // Without `append`, the key belongs to this user alone: the phone changed hands.
      if (body.append !== true) {
        await deletePushers(tx, await pushersOfOthers(tx, owner.userNid, pusher.appId, pusher.pushkey));
      }
      const known = await findPusher(tx, owner.userNid, pusher.appId, pusher.pushkey);
      if (known === undefined && (await countPushers(tx, owner.userNid)) >= MOST_PUSHERS)
        throw new MatrixError('M_TOO_LARGE', `A user may have ${MOST_PUSHERS} pushers.`);
      await writePusher(tx, owner, pusher, this.#clock.now());
    });
  }

  async #remove(userNid: number, body: JsonObject): Promise<void> {
    const { appId, pushkey } = parsePusherKey(body);
    await this.#db.tx(async tx => {
      const nid = await findPusher(tx, userNid, appId, pushkey);
      if (nid !== undefined) await deletePushers(tx, [nid]);
    });
  }

  /** Deletes the pushers of devices: part of every transaction that deletes devices. */
  async removeOfDevices(tx: Tx, userNid: number, deviceIds: readonly string[]): Promise<void> {
    await deletePushers(tx, await pushersOfDevices(tx, userNid, deviceIds));
  }

  /** Deletes all pushers of a user: part of the deactivation of an account. */
  async removeAll(tx: Tx, userNid: number): Promise<void> {
    const pushers = await pushersOf(tx, userNid);
    await deletePushers(
      tx,
      pushers.map(pusher => pusher.nid),
    );
  }
}

function shown(pusher: Pusher): JsonObject {
  return {
    pushkey: pusher.pushkey,
    kind: pusher.kind,
    app_id: pusher.appId,
    app_display_name: pusher.appDisplayName,
    device_display_name: pusher.deviceDisplayName,
    ...(pusher.profileTag === undefined ? {} : { profile_tag: pusher.profileTag }),
    lang: pusher.lang,
    data: pusher.data,
  };
}
