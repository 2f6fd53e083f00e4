import { type Loose, text } from './api.ts';

/** One write that a client attempted, found again by the unique `key` in the event's content. */
export interface Attempt {
  readonly key: string;
  readonly roomId: string;
  readonly sender: string;
  /** When it was asked for first, counted in steps of the ledger: it was done at some time since. */
  since: number;
  isBegun: boolean;
  /** When it was acknowledged: by then it was done, however often it was asked for. */
  until?: number;
  acknowledged: boolean;
  /** What the answer said, if it says one. */
  eventId?: string;
  /** The event in the room's timeline. */
  seen?: string;
}

/** A room as the reader has seen it grow. */
export class RoomRecord {
  readonly timeline: string[] = [];
  readonly seen = new Set<string>();
  /** Messages that may still be redacted, oldest first. */
  readonly messages: string[] = [];
  readonly types = new Set<string>();
  creator: string | undefined;
}

/** The ledger did not find what was acknowledged, or found what nobody had attempted. */
export class LedgerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LedgerError';
  }
}

/** The events that every new room begins with; one that has fewer is half a room. */
const WHOLE_ROOM = [
  'm.room.create',
  'm.room.member',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.name',
];

/**
 * What a server has been asked and has acknowledged. Everything acknowledged must be there, once and in order; what
 * was not acknowledged may be there, once; nothing else.
 */
export class Ledger {
  readonly attempts = new Map<string, Attempt>();
  readonly rooms = new Map<string, RoomRecord>();
  readonly createdRooms = new Set<string>();
  readonly redacted = new Set<string>();
  readonly uploadedKeys = new Set<string>();
  readonly claimedKeys = new Set<string>();
  /** Claims whose answer never came: each may have used up a key. */
  lostClaims = 0;
  /** Key of a message from device to device -> whether its sending was acknowledged. */
  readonly sentToDevice = new Map<string, boolean>();
  readonly deliveredToDevice = new Set<string>();
  readonly media = new Map<string, Uint8Array>();
  readonly tokens = new Set<string>();
  /** What may be found: the last acknowledged value, and those that were attempted after it. */
  accountData: (string | undefined)[] = [undefined];
  receipts: (string | undefined)[] = [undefined];
  shownReceipt: string | undefined;
  #count = 0;
  /** For events that have been redacted before they were seen: their content has no key any more. */
  readonly #keyOfEvent = new Map<string, string>();
  readonly #lastSeen = new Map<string, number>();

  attempt(roomId: string, sender: string, key = `key ${this.#count}`): Attempt {
    const attempt: Attempt = { key, roomId, sender, since: this.#count++, isBegun: false, acknowledged: false };
    this.attempts.set(key, attempt);
    return attempt;
  }

  /** It is asked for now, for the first time or once more. */
  begin(attempt: Attempt): void {
    if (!attempt.isBegun) attempt.since = this.#count++;
    attempt.isBegun = true;
  }

  acknowledge(attempt: Attempt, eventId?: string): void {
    if (attempt.seen !== undefined && eventId !== undefined && attempt.seen !== eventId) {
      throw new LedgerError(`${attempt.key} is ${attempt.seen}, but acknowledged as ${eventId}`);
    }
    attempt.acknowledged = true;
    attempt.until ??= this.#count++;
    if (eventId === undefined) return;
    attempt.eventId = eventId;
    this.#keyOfEvent.set(eventId, attempt.key);
  }

  /** The reader was given an event that follows those that it had been given before. */
  saw(roomId: string, event: Loose): void {
    const room = this.rooms.get(roomId) ?? new RoomRecord();
    this.rooms.set(roomId, room);
    const id = text(event.event_id);
    if (room.seen.has(id)) throw new LedgerError(`${id} came twice in ${roomId}`);
    room.seen.add(id);
    room.timeline.push(id);
    room.types.add(text(event.type));
    if (String(event.type) === 'm.room.message') room.messages.push(id);
    room.creator ??= text(event.sender);
    const key = this.#keyOfEvent.get(id) ?? keyOf(roomId, event, room.creator);
    if (key !== undefined) this.#sawAttempt(key, id, event);
  }

  #sawAttempt(key: string, id: string, event: Loose): void {
    const attempt = this.attempts.get(key);
    if (attempt === undefined) throw new LedgerError(`nobody has attempted ${key} (${id})`);
    if (attempt.seen !== undefined) throw new LedgerError(`${key} is there twice: ${attempt.seen} and ${id}`);
    if (attempt.eventId !== undefined && attempt.eventId !== id) {
      throw new LedgerError(`${key} was acknowledged as ${attempt.eventId} and is ${id}`);
    }
    if (text(event.sender) !== attempt.sender) throw new LedgerError(`${key} has another sender`);
    attempt.seen = id;
    const lane = `${attempt.roomId} ${attempt.sender}`;
    // The earliest that it can have been done after what was seen before it.
    const done = Math.max(this.#lastSeen.get(lane) ?? -1, attempt.since);
    if (done > (attempt.until ?? this.#count)) throw new LedgerError(`${key} is out of order`);
    this.#lastSeen.set(lane, done);
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    let count = 0;
    for (const attempt of this.attempts.values()) if (attempt.acknowledged) count++;
    return count;
  }

  /** @throws LedgerError when something acknowledged has not been seen, or half a room has */
  checkNothingLost(): void {
    for (const attempt of this.attempts.values()) {
      if (attempt.acknowledged && attempt.seen === undefined) throw new LedgerError(`${attempt.key} is lost`);
    }
    for (const roomId of this.createdRooms) {
      if (!this.rooms.has(roomId)) throw new LedgerError(`the room ${roomId} is lost`);
    }
    for (const [roomId, { types }] of this.rooms) {
      const missing = WHOLE_ROOM.filter(type => !types.has(type));
      if (missing.length > 0) throw new LedgerError(`${roomId} is half a room, without ${missing}`);
    }
    for (const [key, acknowledged] of this.sentToDevice) {
      if (acknowledged && !this.deliveredToDevice.has(key)) throw new LedgerError(`${key} was not delivered`);
    }
    if (!this.receipts.includes(this.shownReceipt)) {
      throw new LedgerError(`the receipt is at ${this.shownReceipt}, not at ${this.receipts}`);
    }
  }

  deliver(message: Loose): void {
    const key = text(message.content?.key);
    if (!this.sentToDevice.has(key)) throw new LedgerError(`nobody has sent ${key}`);
    if (this.deliveredToDevice.has(key)) throw new LedgerError(`${key} was delivered twice`);
    this.deliveredToDevice.add(key);
  }
}

/** The unique text in an event; undefined for the events that come with a new room. */
function keyOf(roomId: string, { type, content, state_key, sender }: Loose, creator: string): string | undefined {
  const kind = String(type);
  const key = kind === 'm.room.message' ? content?.body : kind === 'm.room.topic' ? content?.topic : content?.reason;
  if (kind === 'm.room.member') {
    const isJoin = String(content?.membership) === 'join' && String(state_key) === String(sender);
    return isJoin && String(sender) !== creator ? joinKey(roomId, String(sender)) : undefined;
  }
  return key === undefined ? undefined : String(key);
}

export function joinKey(roomId: string, user: string): string {
  return `join ${roomId} ${user}`;
}
