import type { Clock } from '../base/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Tx } from '../db/database.ts';
import { addNotifications, markRead, type NotificationRow } from './notifications.table.ts';
import { enqueueBadge, enqueuePushes } from './push-queue.table.ts';
import { pushersOfUsers } from './pushers.table.ts';

/** The bus subject that wakes the sender: something waits for a gateway. */
export const PUSH_QUEUE_SUBJECT = 'push.queue';

/**
 * Writes notifications and what follows from them for gateways, in the caller's transaction. Gateways have a queue of
 * their own and no position in a log: notifications of different shards commit in any order, and a reader of
 * positions would step over those that come late.
 */
export class Notifications {
  readonly #bus: Bus;
  readonly #clock: Clock;

  constructor(parts: { readonly bus: Bus; readonly clock: Clock }) {
    this.#bus = parts.bus;
    this.#clock = parts.clock;
  }

  /** Adds notifications of an event; those that exist already stay and are not pushed again. */
  async add(tx: Tx, rows: readonly NotificationRow[]): Promise<void> {
    if (rows.length === 0) return;
    const added = await addNotifications(tx, rows);
    const byUser = Map.groupBy(added, row => row.userNid);
    if (byUser.size === 0) return;
    const pushers = await pushersOfUsers(tx, [...byUser.keys()]);
    const entries = pushers.flatMap(({ nid, user_nid }) =>
      (byUser.get(user_nid) ?? []).map(({ userNid, roomNid, pos, ts }) => ({
        pusherNid: nid,
        userNid,
        roomNid,
        pos,
        ts,
      })),
    );
    if (entries.length === 0) return;
    await enqueuePushes(tx, entries);
    this.#wakeAfter(tx);
  }

  /**
   * Marks as read what a user got in a room up to `pos`, in one thread (`main` or the root's ID) or, with `undefined`,
   * in all. Answers how many notifications became read.
   */
  async clearUpTo(tx: Tx, userNid: number, roomNid: number, thread: string | undefined, pos: number): Promise<number> {
    const read = await markRead(tx, userNid, roomNid, thread, pos);
    if (read > 0 && (await enqueueBadge(tx, userNid, this.#clock.now())) > 0) this.#wakeAfter(tx);
    return read;
  }

  #wakeAfter(tx: Tx): void {
    tx.afterCommit(() => this.#bus.publish(PUSH_QUEUE_SUBJECT));
  }
}
