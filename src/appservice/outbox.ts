import type { Log } from '../base/log.ts';
import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Database, Tx } from '../db/database.ts';
import type { ToDevice } from '../keys/to-device.ts';
import { moveReader } from '../rooms/log-reader.table.ts';
import { type LogMove, LogReader } from '../rooms/log-reader.ts';
import type { RoomsParts } from '../rooms/parts.ts';
import type { LogEntry } from '../rooms/room-log.table.ts';
import { addTransaction, type Waiting, waitingFor } from './appservice.table.ts';
import { type Asked, saysItIsThere } from './asked.ts';
import type { Interest } from './interest.ts';
import type { Passing } from './passing.ts';
import type { Registration } from './registration.ts';
import { collectMail } from './to-device-mail.ts';
import { EntryReader } from './told-entries.ts';
import { type Content, isEmpty, transactionBody } from './transaction.ts';

export interface OutboxParts {
  readonly db: Database;
  readonly rooms: RoomsParts;
  readonly toDevice: ToDevice;
  readonly log: Log;
  /** Whether there is an account. */
  readonly hasAccount: (userId: UserId) => Promise<boolean>;
}

/** What waits on the disk is not let grow beyond this: the rest stays in the logs, where it is anyway. */
const MOST_TRANSACTIONS = 20;
const MOST_BYTES = 16 * 2 ** 20;
/** Users who are remembered so that they are asked about once. */
const MOST_OFFERED = 10_000;

/** The name under which an application service's position in the room logs is kept. */
export function readerOf(id: string): string {
  return `appservice ${id}`;
}

/**
 * Turns what happens in the rooms of an application service into transactions, which are kept until they are taken.
 * The position in the logs moves in the transaction that writes them: nothing is left out, and nothing comes twice.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #registration: Registration;
  readonly #passing: Passing;
  readonly #reader: LogReader;
  readonly #entries: EntryReader;
  readonly #asked: Asked;
  /** Users who have been asked about. */
  readonly #offered = new Set<UserId>();
  #isFull = false;

  constructor(parts: OutboxParts, asked: Asked, interest: Interest, passing: Passing) {
    const { registration } = asked;
    this.#parts = parts;
    this.#registration = registration;
    this.#asked = asked;
    this.#passing = passing;
    const { db, rooms, log } = parts;
    this.#entries = new EntryReader(rooms, registration, interest);
    this.#reader = new LogReader(
      { db, log },
      {
        name: readerOf(registration.id),
        write: (shard, entries, move) => this.#write(shard, entries, move),
        leftOut: 'An application service is not told of something that cannot be read.',
      },
    );
  }

  /** Takes in what there is now, as far as there is room; answers whether everything is in. */
  async fill(signal: AbortSignal): Promise<boolean> {
    this.#isFull = isFull(await this.waiting());
    if (this.#isFull) return false;
    await this.#reader.catchUp(signal);
    if (!this.#isFull) await this.#takeRest();
    return !this.#isFull;
  }

  waiting(): Promise<Waiting> {
    return waitingFor(this.#parts.db, this.#registration.id);
  }

  /** Resolves when nothing is being read. */
  settled(): Promise<void> {
    return this.#reader.settled();
  }

  /** Whether it has read further than is stored: what is for others is passed by without a transaction. */
  get isAhead(): boolean {
    return this.#reader.isAhead;
  }

  /** Stores how far it has read. */
  note(): Promise<void> {
    return this.#reader.note();
  }

  /** False when there is no room for more, too: the reader then stays where it is. */
  async #write(shard: number, entries: readonly LogEntry[], move: LogMove): Promise<boolean | 'passed'> {
    const { db } = this.#parts;
    const { id, receivesEncryption } = this.#registration;
    const told = await this.#entries.read(entries);
    await this.#offerUsers(told.events);
    const changed = receivesEncryption ? await this.#namesOf(told.changedLists) : [];
    const encryption = changed.length === 0 ? undefined : { toDevice: [], changed, keyCounts: {}, fallbackTypes: {} };
    const content: Content = { events: told.events, ephemeral: told.receipts, encryption };
    if (isEmpty(content)) return 'passed';
    return db.tx(async tx => {
      if (isFull(await waitingFor(tx, id))) {
        this.#isFull = true;
        return false;
      }
      if (!(await moveReader(tx, readerOf(id), shard, move))) return false;
      await this.#add(tx, content);
      return true;
    });
  }

  /**
   * Asks about users in the namespaces that are spoken to and not there yet: the application service may make them
   * (application service API, "Querying").
   */
  async #offerUsers(events: readonly JsonObject[]): Promise<void> {
    const spokenTo = events.filter(event => event.type === 'm.room.member').map(event => event.state_key as UserId);
    for (const userId of new Set(spokenTo.filter(user => this.#registration.users.has(user)))) {
      if (this.#offered.has(userId) || (await this.#parts.hasAccount(userId))) continue;
      if (this.#offered.size >= MOST_OFFERED) this.#offered.clear();
      this.#offered.add(userId);
      // It is told what happened whatever it says.
      await saysItIsThere(this.#asked, 'users', userId, this.#parts.log);
    }
  }

  /** What stands in no room's log. */
  async #takeRest(): Promise<void> {
    const { db, rooms, toDevice } = this.#parts;
    const { id, receivesEncryption } = this.#registration;
    const mail = receivesEncryption ? await collectMail({ db, nids: rooms.nids, toDevice }, id) : undefined;
    const encryption = mail && { ...mail, toDevice: mail.messages, changed: [] };
    const content: Content = { events: [], ephemeral: this.#passing.take(), encryption };
    if (isEmpty(content)) return;
    await db.tx(async tx => {
      await mail?.removeIn(tx);
      await this.#add(tx, content);
    });
  }

  async #add(tx: Tx, content: Content): Promise<void> {
    if (!isEmpty(content)) await addTransaction(tx, this.#registration.id, transactionBody(content));
  }

  async #namesOf(userNids: readonly number[]): Promise<string[]> {
    const { db, rooms } = this.#parts;
    return [...(await rooms.nids.users.names(db, new Set(userNids))).values()];
  }
}

function isFull({ transactions, bytes }: Waiting): boolean {
  return transactions >= MOST_TRANSACTIONS || bytes >= MOST_BYTES;
}
