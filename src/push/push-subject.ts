import { getOwn, isObject, type Json, type JsonObject } from '../core/json.ts';

/** What the rules look at of an event. */
export interface PushEvent {
  readonly type: string;
  readonly sender: string;
  readonly roomId: string;
  readonly content: JsonObject;
  /** Absent for events that are no state. */
  readonly stateKey?: string | undefined;
  readonly eventId?: string | undefined;
}

/** What the rules look at of a room. The levels are asked for only where a rule needs them. */
export interface PushRoom {
  /** Joined members, those of other servers included. */
  readonly memberCount: number;
  /** The power level of the event's sender. */
  readonly senderLevel: () => number;
  /** The level that a sender needs to notify by `key` of the power levels' `notifications`; 50 where nothing is said. */
  readonly notificationLevel: (key: string) => number;
}

/** A local user for whom an event is evaluated. */
export interface PushMember {
  readonly userNid: number;
  readonly userId: string;
  /** The user's display name in this room. */
  readonly displayName: string | undefined;
}

/** The parts of a dotted property path; `\.` and `\\` are a dot and a backslash within a name (appendices). */
export function parsePropertyPath(key: string): readonly string[] {
  const path: string[] = [];
  let name = '';
  for (let at = 0; at < key.length; at++) {
    const character = key[at]!;
    const next = key[at + 1];
    if (character === '\\' && (next === '.' || next === '\\')) {
      name += next;
      at++;
    } else if (character === '.') {
      path.push(name);
      name = '';
    } else {
      name += character;
    }
  }
  path.push(name);
  return path;
}

/** A question about an event and its room whose answer is the same for every member. */
export interface SharedQuestion {
  ask(subject: PushSubject): boolean;
}

/**
 * Steps of text matching that one member's rules may take for one event (about 20 ms): the longest body passes 15
 * globs or 60 words, an ordinary one thousands. Patterns behind that do not match, so that nobody can hold up
 * a room with rules.
 */
const MOST_STEPS = 1_000_000;

/**
 * One event on its way through the rules of all members: properties are put into lower case once, and what the rules
 * that all members share ask of it is answered once.
 */
export class PushSubject {
  readonly event: PushEvent;
  readonly room: PushRoom;
  readonly #root: JsonObject;
  readonly #lower = new Map<string, string | undefined>();
  readonly #answers = new Map<SharedQuestion, boolean>();
  #steps = 0;

  constructor(event: PushEvent, room: PushRoom) {
    this.event = event;
    this.room = room;
    this.#root = { type: event.type, sender: event.sender, room_id: event.roomId, content: event.content };
    if (event.stateKey !== undefined) this.#root.state_key = event.stateKey;
    if (event.eventId !== undefined) this.#root.event_id = event.eventId;
  }

  /** The own property at a path; what prototypes hold is not there. */
  property(path: readonly string[]): Json | undefined {
    let value: Json | undefined = this.#root;
    for (const name of path) {
      if (!isObject(value)) return undefined;
      value = getOwn(value, name);
    }
    return value;
  }

  /** The string at a path in lower case. `key` is the path as written. */
  lowerText(key: string, path: readonly string[]): string | undefined {
    if (this.#lower.has(key)) return this.#lower.get(key);
    const value = this.property(path);
    const text = typeof value === 'string' ? value.toLowerCase() : undefined;
    this.#lower.set(key, text);
    return text;
  }

  /** The next member's rules begin. */
  startMember(): void {
    this.#steps = 0;
  }

  /** Whether the member's rules may still take so many steps. */
  maySpend(steps: number): boolean {
    this.#steps += steps;
    return this.#steps <= MOST_STEPS;
  }

  answer(question: SharedQuestion): boolean {
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const answer = question.ask(this);
    this.#answers.set(question, answer);
    return answer;
  }
}
