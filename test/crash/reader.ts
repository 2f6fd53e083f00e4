import { type Api, list, text, type User } from './api.ts';
import { type Ledger, LedgerError } from './ledger.ts';

const ROOMS_FILTER = { room: { timeline: { limit: 1000 } }, presence: { types: [] } };
const NO_ROOMS_FILTER = { room: { rooms: [] }, presence: { types: [] } };

/** A client that follows all its rooms by `/sync`: its token outlives the server, and nothing may be missing behind it. */
export class RoomReader {
  readonly user: User;
  readonly #ledger: Ledger;
  #since: string | undefined;

  constructor(user: User, ledger: Ledger) {
    this.user = user;
    this.#ledger = ledger;
  }

  /** One `/sync`; answers how many events it brought. */
  async sync(api: Api, timeoutMs = 0): Promise<number> {
    const query = { filter: JSON.stringify(ROOMS_FILTER), timeout: String(timeoutMs) };
    const since = this.#since === undefined ? {} : { since: this.#since };
    const answer = await api.ok('GET', '/sync', { token: this.user.token, query: { ...query, ...since } });
    let events = 0;
    for (const [roomId, room] of Object.entries(answer.rooms?.join ?? {})) {
      if (String(room.timeline?.limited) === 'true' && this.#ledger.rooms.has(roomId)) {
        throw new LedgerError(`a gap in ${roomId}`);
      }
      for (const event of list(room.timeline?.events)) {
        this.#ledger.saw(roomId, event);
        events++;
      }
      for (const event of list(room.ephemeral?.events)) this.#receipts(event.content ?? {});
    }
    this.#since = text(answer.next_batch);
    return events;
  }

  async syncAll(api: Api): Promise<void> {
    while ((await this.sync(api)) > 0);
  }

  #receipts(content: Record<string, unknown>): void {
    for (const [eventId, receipts] of Object.entries(content)) {
      if (typeof receipts === 'object' && receipts !== null && 'm.read' in receipts)
        this.#ledger.shownReceipt = eventId;
    }
  }
}

/** A client that reads its messages from device to device. */
export class InboxReader {
  readonly #user: User;
  readonly #ledger: Ledger;
  #since: string | undefined;

  constructor(user: User, ledger: Ledger) {
    this.#user = user;
    this.#ledger = ledger;
  }

  /** One `/sync`, which says that what the last one brought has arrived; answers how many messages it brought. */
  async sync(api: Api): Promise<number> {
    const query = { filter: JSON.stringify(NO_ROOMS_FILTER), timeout: '0' };
    const since = this.#since === undefined ? {} : { since: this.#since };
    const answer = await api.ok('GET', '/sync', { token: this.#user.token, query: { ...query, ...since } });
    const messages = list(answer.to_device?.events);
    for (const message of messages) this.#ledger.deliver(message);
    this.#since = text(answer.next_batch);
    return messages.length;
  }

  async syncAll(api: Api): Promise<void> {
    while ((await this.sync(api)) > 0);
  }
}
